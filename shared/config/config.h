/*
 * The configuration: one typed table, read once at start, constant from then on.
 *
 * A value comes from the environment, else from the env file (TAPEDECK_ENV, else `tapedeck.env`
 * beside the binary), else from the table's default. An unknown name in the file, a repeated name,
 * or a malformed value anywhere stops the program with one clear line. Durations are kept in
 * milliseconds ("10s", "5min", "1h", "250ms"; a bare number is seconds).
 */
#ifndef TAPEDECK_CONFIG_CONFIG_H
#define TAPEDECK_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/result.h"
#include "config_list.h"

enum { CONFIG_ERROR_SIZE = 256 };

enum sendfile_mode { SENDFILE_OFF, SENDFILE_X_SENDFILE, SENDFILE_X_ACCEL_REDIRECT };

/* Who speaks on a recording's first channel: by the call's direction, or always the same. */
enum speaker_channels { SPEAKERS_BY_DIRECTION, SPEAKERS_CUSTOMER_FIRST, SPEAKERS_AGENT_FIRST };

enum s3_style { S3_STYLE_PATH, S3_STYLE_VIRTUAL };

enum s3_play { S3_PLAY_REDIRECT, S3_PLAY_STREAM };

struct config {
    /* Strings are owned by the config and never NULL; "" means not set. */
    const char *database_url;
    const char *redis_url;
    const char *recordings_dir;
    const char *public_base_url; /* no slash at its end */
    const char *login_url;       /* "" : the page cannot say where people sign in */
    const char *allowed_origins; /* scheme://host[:port],… without blanks */
    const char *jwt_secret;
    const char *jwt_secret_previous;
    const char *media_secret;
    const char *media_secret_previous;
    const char *metrics_token; /* "" : no /metrics */
    const char *accel_prefix;
    const char *twilio_account_sid;
    const char *twilio_auth_token;
    const char *twilio_auth_token_previous;
    const char *twilio_api_key;
    const char *twilio_api_secret;
    const char *twilio_accounts_file;
    const char *twilio_private_key_file;
    const char *twilio_api_base; /* no slash at its end */
    const char *openai_api_key;
    const char *transcribe_url; /* "" : no transcripts */
    const char *transcribe_model;
    const char *transcribe_fallback_model;
    const char *transcribe_language;
    const char *summary_url; /* "" : no summaries */
    const char *summary_model;
    int64_t transcribe_max_bytes;
    int64_t transcribe_timeout;
    int64_t summary_timeout;
    int64_t speaker_channels; /* enum speaker_channels */
    int64_t steps_parallel;
    int64_t step_retries;
    int64_t step_delay;
    int64_t step_delay_max;
    struct config_list webhook_delays;
    int64_t webhook_timeout;
    int64_t webhook_keep;
    int64_t inbox_per_day;
    int64_t inbox_keep;
    int64_t callbacks_keep;
    int64_t runs_keep;
    int64_t steps_keep;
    int64_t audit_keep;
    int64_t accounts_keep;
    bool webhook_private;
    bool enable_schedulers;
    int64_t sendfile; /* enum sendfile_mode */
    int64_t play_link_ttl;
    int64_t signin_failures;
    int64_t signin_window;
    int64_t connect_timeout;
    int64_t stall_timeout;
    int64_t transfer_timeout;
    struct config_list recording_formats; /* of enum media_format, in this order */
    int64_t run_attempts;
    struct config_list retry_delays;
    int64_t not_ready_window;
    int64_t account_pause;
    int64_t account_pause_max;
    int64_t breaker_failures;
    int64_t breaker_reset;
    int64_t recovery_limit;
    int64_t recovery_window;
    int64_t stale_after;
    int64_t lock_timeout;
    int64_t min_recording_bytes;
    int64_t max_recording_bytes;
    int64_t retry_after;
    int64_t retry_after_recovery;
    int64_t slots_per_business;
    int64_t later_slots;
    int64_t inflight_ttl;
    int64_t queued_ttl;
    int64_t responders;
    int64_t runner_grace;
    int64_t runner_linger;
    int64_t runner_transfers;
    int64_t retention_days;
    int64_t retention_max_share;
    bool retention_at_twilio;
    int64_t reconcile_window;
    int64_t reconcile_page_size;
    int64_t reconcile_pages;
    const char *s3_endpoint; /* "" without an object store; no slash at its end */
    const char *s3_bucket;
    const char *s3_region;
    const char *s3_access_key;
    const char *s3_secret_key;
    int64_t s3_style; /* enum s3_style */
    int64_t s3_play;  /* enum s3_play */
    int64_t s3_timeout;
    int64_t s3_uploads;
    int64_t cache_max_bytes; /* 0: no ceiling */
    int64_t pg_timeout;
    int64_t redis_timeout;
    bool sandbox;
};

/*
 * Loads the configuration. `binary_dir` is where tapedeck.env is looked for when TAPEDECK_ENV is
 * not set, before /etc/tapedeck; a file named by TAPEDECK_ENV must exist, the others may be
 * missing. On RESULT_INVALID `error` (CONFIG_ERROR_SIZE bytes) holds the line to show, without
 * secrets. Free with config_free.
 */
enum result config_load(struct config *config, const char *binary_dir, char *error);

/* config_free(NULL) is safe, and so is a zeroed config. */
void config_free(struct config *config);

/* The first of these names (NULL-terminated, texts only) that has no value, or NULL. */
const char *config_missing(const struct config *config, const char *const *names);

/* What a responder cannot do without: names for config_missing. */
extern const char *const CONFIG_RESPONDER_NEEDS[];

/* What a setting is for, in words; "" where there is no such name. */
const char *config_meaning(const char *name);

/* Parses a duration ("90", "90s", "15min", "8h", "250ms"; a bare number is seconds), at most a
 * year. */
bool config_duration(const char *text, int64_t *ms);

/* Prints the effective table, NAME=value and its meaning, secrets masked. */
void config_print(const struct config *config, FILE *out);

/* Prints every name, a line each. */
void config_print_names(FILE *out);

#endif
