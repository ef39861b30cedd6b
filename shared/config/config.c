#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env_file.h"
#include "base/magic.h"
#include "base/text.h"
#include "config_value.h"
#include "duration.h"

#define AT(field) offsetof(struct config, field)

#define DURATION(name, field, preset, meaning)                                                     \
    {                                                                                              \
        name, TYPE_DURATION, AT(field), preset, 1, 366 * 86400 * 1000LL, NULL, meaning, false      \
    }
#define COUNT(name, field, preset, min, max, meaning)                                              \
    {                                                                                              \
        name, TYPE_COUNT, AT(field), preset, min, max, NULL, meaning, false                        \
    }
#define TEXT(name, field, type, preset, min, meaning, masked)                                      \
    {                                                                                              \
        name, type, AT(field), preset, min, CONFIG_VALUE_MAX, NULL, meaning, masked                \
    }

static const struct config_row TABLE[] = {
    TEXT("DATABASE_URL", database_url, TYPE_TEXT, "", 0,
         "PostgreSQL, as libpq reads it: postgresql://[user[:password]@][host][:port]/database"
         "[?sslmode=verify-full]",
         true),
    TEXT("REDIS_URL", redis_url, TYPE_TEXT, "", 0,
         "redis://[[user]:password@]host[:port][/db], unix:///path[?db=n] or "
         "redis+sentinel://[[user]:password@]host[:port][,...]/master[/db][?sentinel_password=...]"
         "; rediss in place of redis: by TLS, with ?ssl_ca_certs=/path for authorities of your own",
         true),
    TEXT("RECORDINGS_DIR", recordings_dir, TYPE_PATH, "", 0, "where finished recordings live",
         false),
    TEXT("PUBLIC_BASE_URL", public_base_url, TYPE_URL, "", 0,
         "our own address, as Twilio and browsers know it", false),
    TEXT("LOGIN_URL", login_url, TYPE_ENDPOINT, "", 0,
         "where people get a link that signs them in: the CRM; the calls page leads there", false),
    TEXT("ALLOWED_ORIGINS", allowed_origins, TYPE_ORIGINS, "", 0,
         "origins of other sites whose pages may call us, comma-separated", false),
    TEXT("JWT_SECRET", jwt_secret, TYPE_SECRET, "", 32, "signs session tokens (HS256)", true),
    TEXT("JWT_SECRET_PREVIOUS", jwt_secret_previous, TYPE_SECRET, "", 32,
         "the old secret, still accepted while JWT_SECRET is being changed", true),
    TEXT("MEDIA_SECRET", media_secret, TYPE_SECRET, "", 32, "signs play links", true),
    TEXT("MEDIA_SECRET_PREVIOUS", media_secret_previous, TYPE_SECRET, "", 32,
         "the old secret, still accepted while MEDIA_SECRET is being changed", true),
    TEXT("METRICS_TOKEN", metrics_token, TYPE_SECRET, "", 16,
         "the bearer token for /metrics; none: there is no such address", true),
    TEXT("ACCEL_PREFIX", accel_prefix, TYPE_TEXT, "/_recordings", 1,
         "nginx's internal location for RECORDINGS_DIR", false),
    TEXT("TWILIO_ACCOUNT_SID", twilio_account_sid, TYPE_ACCOUNT, "", 0, "the Twilio account",
         false),
    TEXT("TWILIO_AUTH_TOKEN", twilio_auth_token, TYPE_TEXT, "", 0,
         "checks webhooks, and fetches media if there is no API key", true),
    TEXT("TWILIO_AUTH_TOKEN_PREVIOUS", twilio_auth_token_previous, TYPE_TEXT, "", 0,
         "the old token, still accepted while TWILIO_AUTH_TOKEN is being changed", true),
    TEXT("TWILIO_API_KEY", twilio_api_key, TYPE_TEXT, "", 0, "if set, this key fetches media",
         false),
    TEXT("TWILIO_API_SECRET", twilio_api_secret, TYPE_TEXT, "", 0, "belongs to TWILIO_API_KEY",
         true),
    TEXT("TWILIO_ACCOUNTS_FILE", twilio_accounts_file, TYPE_PATH, "", 0,
         "a file with accounts, as AC…=token lines; read again when it changes; only its owner may "
         "read it",
         false),
    TEXT("TWILIO_PRIVATE_KEY_FILE", twilio_private_key_file, TYPE_PATH, "", 0,
         "a PEM file with the private keys that recordings are encrypted for; only its owner may "
         "read it",
         false),
    TEXT("TWILIO_API_BASE", twilio_api_base, TYPE_URL, "https://api.twilio.com", 0,
         "where the provider's API is", false),
    TEXT("OPENAI_API_KEY", openai_api_key, TYPE_TEXT, "", 0, "for transcripts and summaries", true),
    TEXT(
        "TRANSCRIBE_URL", transcribe_url, TYPE_ENDPOINT, "", 0,
        "an OpenAI-compatible speech server, up to /v1 or its whole endpoint; none: no transcripts",
        false),
    TEXT("TRANSCRIBE_MODEL", transcribe_model, TYPE_TEXT, "whisper-1", 1, "its model", false),
    TEXT("TRANSCRIBE_FALLBACK_MODEL", transcribe_fallback_model, TYPE_TEXT, "", 1,
         "the model to use when the server does not have TRANSCRIBE_MODEL", false),
    TEXT("TRANSCRIBE_LANGUAGE", transcribe_language, TYPE_TEXT, "he", 2,
         "the language that people speak, ISO 639-1, or auto; fixed sentences are in Hebrew for "
         "he, otherwise in English; a business may have its own (docs/crm.md)",
         false),
    COUNT("TRANSCRIBE_MAX_BYTES", transcribe_max_bytes, "25000000", 100000, 1 << 30,
          "the largest file that the speech server takes; longer calls are cut at silences"),
    DURATION("TRANSCRIBE_TIMEOUT", transcribe_timeout, "15min",
             "how long the speech server may take for one file"),
    TEXT("SUMMARY_URL", summary_url, TYPE_ENDPOINT, "", 0,
         "an OpenAI-compatible chat server, up to /v1 or its whole endpoint; none: no summaries",
         false),
    TEXT("SUMMARY_MODEL", summary_model, TYPE_TEXT, "gpt-4o-mini", 1, "its model", false),
    DURATION("SUMMARY_TIMEOUT", summary_timeout, "2min",
             "how long the chat server may take for one summary"),
    {"SPEAKER_CHANNELS", TYPE_CHOICE, AT(speaker_channels), "direction", 0, 0,
     "direction,customer-first,agent-first",
     "who is on the first of two channels; direction: the customer of an inbound call, the agent of"
     " an outbound one",
     false},
    COUNT("STEPS_PARALLEL", steps_parallel, "4", 1, 8, "how many steps a runner does at once"),
    COUNT("STEP_RETRIES", step_retries, "5", 0, 100, "how often a failed step is tried again"),
    DURATION("STEP_DELAY", step_delay, "60s",
             "the wait before the first retry of a step; doubled each time"),
    DURATION("STEP_DELAY_MAX", step_delay_max, "20min", "the longest of these waits"),
    {"WEBHOOK_DELAYS", TYPE_DURATIONS, AT(webhook_delays), "30s,5min,30min,2h,4h,8h,9h", 1,
     86400 * 1000LL, NULL,
     "the waits between tries to deliver a webhook; after the last try it has failed", false},
    DURATION("WEBHOOK_TIMEOUT", webhook_timeout, "15s", "how long one try may take"),
    DURATION("WEBHOOK_KEEP", webhook_keep, "30d", "how long a delivery is kept after it ended"),
    COUNT("INBOX_PER_DAY", inbox_per_day, "10000", 1, 1000000,
          "how many callbacks that cannot be used are kept within a day, of each account"),
    DURATION("INBOX_KEEP", inbox_keep, "30d", "how long they are kept"),
    DURATION("CALLBACKS_KEEP", callbacks_keep, "30d",
             "how long a recording's callback is kept, and who took part in a conference"),
    DURATION("RUNS_KEEP", runs_keep, "30d",
             "how long an ended run is kept that no kept recording needs"),
    DURATION("STEPS_KEEP", steps_keep, "30d",
             "how long the steps of a call are kept of which no recording is kept"),
    {"AUDIT_KEEP", TYPE_DURATION, AT(audit_keep), "730d", 1, 3660 * 86400 * 1000LL, NULL,
     "how long it is kept who heard and read what", false},
    DURATION("ACCOUNTS_KEEP", accounts_keep, "90d",
             "how long the state of an account or host is kept that is not used any more"),
    {"WEBHOOK_PRIVATE", TYPE_FLAG, AT(webhook_private), "false", 0, 1, NULL,
     "true: webhooks may also lead to private addresses", false},
    {"ENABLE_SCHEDULERS", TYPE_FLAG, AT(enable_schedulers), "true", 0, 1, NULL,
     "false: the commands of the timers exit at once and print nothing", false},
    {"SENDFILE", TYPE_CHOICE, AT(sendfile), "off", 0, 0, "off,x-sendfile,x-accel-redirect",
     "how finished files reach the web server: `off`, `x-sendfile` or `x-accel-redirect`", false},
    DURATION("PLAY_LINK_TTL", play_link_ttl, "1h", "how long a play link works"),
    COUNT("SIGNIN_FAILURES", signin_failures, "1000", 1, 1000000000,
          "how many bad tokens and links one address may send within SIGNIN_WINDOW; after that it "
          "gets 429"),
    DURATION("SIGNIN_WINDOW", signin_window, "1min", "how long failures are counted"),
    DURATION("CONNECT_TIMEOUT", connect_timeout, "10s",
             "how long connecting to the provider may take"),
    DURATION("STALL_TIMEOUT", stall_timeout, "30s", "how long a transfer may go without a byte"),
    DURATION("TRANSFER_TIMEOUT", transfer_timeout, "10min", "how long one whole transfer may take"),
    {"RECORDING_FORMATS", TYPE_CHOICES, AT(recording_formats), "wav2,wav,mp3,asis", 1, 4,
     "wav2,wav,mp3,asis", "formats to ask for, in this order", false},
    COUNT("RUN_ATTEMPTS", run_attempts, "3", 1, 20, "attempts for each run"),
    {"RETRY_DELAYS", TYPE_DURATIONS, AT(retry_delays), "5s,30s,120s", 1, 86400 * 1000LL, NULL,
     "the waits between attempts; the last one repeats", false},
    DURATION("NOT_READY_WINDOW", not_ready_window, "10min",
             "how long after the callback, or the call, a 404 means \"not yet\""),
    DURATION(
        "ACCOUNT_PAUSE", account_pause, "10s",
        "how long an account pauses when the provider refuses, is busy or away; doubled each time"),
    DURATION("ACCOUNT_PAUSE_MAX", account_pause_max, "10min", "the longest of these pauses"),
    COUNT("BREAKER_FAILURES", breaker_failures, "3", 1, 100,
          "failed attempts within BREAKER_RESET that open the breaker"),
    DURATION("BREAKER_RESET", breaker_reset, "1h", "how long the breaker stays open"),
    COUNT("RECOVERY_LIMIT", recovery_limit, "3", 1, 100,
          "how often a stuck run is rescued within RECOVERY_WINDOW"),
    DURATION("RECOVERY_WINDOW", recovery_window, "10min", "how long a rescue counts"),
    DURATION("STALE_AFTER", stale_after, "5min",
             "a run without heartbeat for this long is stuck; a part file without owner for this "
             "long is deleted"),
    DURATION("LOCK_TIMEOUT", lock_timeout, "45s",
             "how long to wait for a part file that another writer holds"),
    COUNT("MIN_RECORDING_BYTES", min_recording_bytes, "1001", 1, 1 << 30,
          "the smallest file that can be a recording"),
    COUNT("MAX_RECORDING_BYTES", max_recording_bytes, "4294967296", 1001, 1LL << 40,
          "the largest file that will be stored"),
    DURATION("RETRY_AFTER", retry_after, "2s", "the Retry-After that clients get"),
    DURATION("RETRY_AFTER_RECOVERY", retry_after_recovery, "5s", "the same after a rescue"),
    COUNT("SLOTS_PER_BUSINESS", slots_per_business, "3", 1, 100,
          "downloads at once for each business"),
    COUNT("LATER_SLOTS", later_slots, "2", 1, 100, "how many of these slots prefetches may use"),
    DURATION("INFLIGHT_TTL", inflight_ttl, "120s",
             "a lease lapses when nobody renews it for this long"),
    DURATION("QUEUED_TTL", queued_ttl, "20min",
             "a business's queue in Redis is forgotten when nothing touches it for this long; "
             "PostgreSQL still has the runs"),
    COUNT("RESPONDERS", responders, "8", 1, 1024,
          "responders on this host; at most half of them wait for a recording at a time"),
    DURATION("RUNNER_GRACE", runner_grace, "60s",
             "a run that waits this long, with no runner seen, is answered with an error"),
    DURATION("RUNNER_LINGER", runner_linger, "55s", "how long `drain` waits for more work"),
    COUNT("RUNNER_TRANSFERS", runner_transfers, "200", 1, 2000,
          "transfers at once for each runner"),
    COUNT("RETENTION_DAYS", retention_days, "7", 0, 36500,
          "recordings are deleted this many days after their call; 0: never"),
    COUNT("RETENTION_MAX_SHARE", retention_max_share, "50", 1, 100,
          "`retain` deletes nothing in a night that would delete more than this percentage of all "
          "recordings that expire; 100: no limit"),
    {"RETENTION_AT_TWILIO", TYPE_FLAG, AT(retention_at_twilio), "false", 0, 1, NULL,
     "true: `retain` also deletes them at Twilio; that cannot be undone", false},
    DURATION("RECONCILE_WINDOW", reconcile_window, "2d",
             "how far back `reconcile` asks the provider for recordings"),
    COUNT("RECONCILE_PAGE_SIZE", reconcile_page_size, "1000", 1, 1000, "recordings on each page"),
    COUNT("RECONCILE_PAGES", reconcile_pages, "20", 1, 10000,
          "how many pages `reconcile` reads each time; the next time continues"),
    TEXT("S3_ENDPOINT", s3_endpoint, TYPE_URL, "", 0,
         "the object store, if there is one: https://host[:port]", false),
    TEXT("S3_BUCKET", s3_bucket, TYPE_TEXT, "", 0, "the bucket that recordings are kept in", false),
    TEXT("S3_REGION", s3_region, TYPE_TEXT, "us-east-1", 1,
         "the region that requests are signed for", false),
    TEXT("S3_ACCESS_KEY", s3_access_key, TYPE_TEXT, "", 0, "the access key for the object store",
         false),
    TEXT("S3_SECRET_KEY", s3_secret_key, TYPE_TEXT, "", 0, "signs requests and links", true),
    {"S3_STYLE", TYPE_CHOICE, AT(s3_style), "path", 0, 0, "path,virtual",
     "where the bucket's name goes; path: endpoint/bucket, virtual: bucket.endpoint", false},
    {"S3_PLAY", TYPE_CHOICE, AT(s3_play), "redirect", 0, 0, "redirect,stream",
     "how recordings that are not on this disk play; redirect: browsers go to the object store, "
     "stream: a responder sends the bytes",
     false},
    DURATION("S3_TIMEOUT", s3_timeout, "2s",
             "how long a responder waits for the object store; then Twilio is asked"),
    COUNT("S3_UPLOADS", s3_uploads, "4", 1, 100, "uploads at once for each runner"),
    COUNT("CACHE_MAX_BYTES", cache_max_bytes, "0", 0, 1LL << 50,
          "how many bytes of recordings that the object store has may stay on this disk; 0: no "
          "limit"),
    DURATION("PG_TIMEOUT", pg_timeout, "5s", "how long one statement may take"),
    DURATION("REDIS_TIMEOUT", redis_timeout, "1s", "how long one command may take"),
    {"SANDBOX", TYPE_FLAG, AT(sandbox), "true", 0, 1, NULL,
     "false: responders and decoders do not close themselves (Landlock, seccomp)", false},
};

enum { ROWS = sizeof TABLE / sizeof *TABLE };

static int find_row(const char *name, size_t len)
{
    for (int i = 0; i < ROWS; i++) {
        if (strlen(TABLE[i].name) == len && memcmp(TABLE[i].name, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

static enum result invalid(char *error, const char *where, const char *name, const char *why)
{
    char safe[64];
    (void)snprintf(error, CONFIG_ERROR_SIZE, "configuration: %s%s: %s",
                   text_for_log(name, safe, sizeof safe), where, why);
    return RESULT_INVALID;
}

/* Where a package, and make install, put it. */
static const char INSTALLED_ENV[] = "/etc/tapedeck/tapedeck.env";

/* The env file's values by row, as they are read. */
struct reading {
    struct magic magic;
    const char *values[ROWS];
    char *error;
};

static enum result note_line(void *context, const char *name, char *value)
{
    struct reading *reading = CHECKED(reading, context);
    if (name == NULL) {
        /* The line itself is not shown: it may be half a secret. */
        return invalid(reading->error, "", "TAPEDECK_ENV",
                       "a line of the env file is not NAME=value");
    }
    int row = find_row(name, strlen(name));
    if (row < 0) {
        return invalid(reading->error, " in the env file", name, "is not a known name");
    }
    if (reading->values[row] != NULL) {
        return invalid(reading->error, " in the env file", name, "is set twice");
    }
    reading->values[row] = value;
    return RESULT_OK;
}

static enum result read_file_at(const char *path, bool required, struct buf *storage,
                                struct reading *reading)
{
    enum result result = env_file_read(path, storage, note_line, reading);
    switch (result) {
    case RESULT_OK:
    case RESULT_INVALID: return result;
    case RESULT_DENIED:
        return invalid(reading->error, "", "TAPEDECK_ENV",
                       "the env file holds secrets, and everybody may read it; chmod o= closes it");
    case RESULT_TOO_BIG:
        return invalid(reading->error, "", "TAPEDECK_ENV", "the env file is over 64 KiB");
    case RESULT_NOT_FOUND:
        if (!required) {
            return RESULT_NOT_FOUND;
        }
        /* fallthrough */
    default: return invalid(reading->error, "", "TAPEDECK_ENV", "the env file cannot be read");
    }
}

/* A file named by TAPEDECK_ENV must be there. Otherwise it is the one beside the binary, or, where
 * that is missing and whoever runs this may read it, the installed one. */
static enum result read_env_file(const char *binary_dir, struct buf *storage,
                                 struct reading *reading)
{
    const char *named = getenv("TAPEDECK_ENV");
    bool required = named != NULL && named[0] != '\0';
    char path[CONFIG_VALUE_MAX];
    int n = snprintf(path, sizeof path, "%s%s", required ? named : binary_dir,
                     required ? "" : "/tapedeck.env");
    if (n < 0 || (size_t)n >= sizeof path) {
        return invalid(reading->error, "", "TAPEDECK_ENV", "the path is too long");
    }
    enum result result = read_file_at(path, required, storage, reading);
    if (result == RESULT_NOT_FOUND && access(INSTALLED_ENV, R_OK) == 0) {
        result = read_file_at(INSTALLED_ENV, true, storage, reading);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* The environment, else the file, else the preset; an empty value counts as not given. */
static enum result set_row(struct config *config, const struct config_row *row,
                           const char *from_file, char *error)
{
    const char *from_env = getenv(row->name);
    const char *value = from_env != NULL ? from_env : from_file;
    if (value == NULL || value[0] == '\0') {
        value = row->preset;
    }
    if (strlen(value) <= CONFIG_VALUE_MAX && config_value_set(config, row, value)) {
        return RESULT_OK;
    }
    char wanted[160], why[200];
    config_value_wanted(row, wanted, sizeof wanted);
    (void)snprintf(why, sizeof why, "this value is not valid; wanted: %s", wanted);
    return invalid(error, "", row->name, why);
}

/* What goes into addresses, signatures and headers as it stands. */
static bool is_plain(const char *text, const char *also)
{
    for (const char *c = text; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');
        if (!plain && strchr(also, *c) == NULL) {
            return false;
        }
    }
    return true;
}

static enum result check_s3(const struct config *config, char *error)
{
    size_t bucket = strlen(config->s3_bucket);
    const char *host = strstr(config->s3_endpoint, "://");
    if (config->s3_endpoint[0] == '\0') {
        return config->cache_max_bytes == 0
                   ? RESULT_OK
                   : invalid(error, "", "CACHE_MAX_BYTES", "needs an object store (S3_ENDPOINT)");
    }
    if (host == NULL || strpbrk(host + 3, "/?#@") != NULL) {
        return invalid(error, "", "S3_ENDPOINT", "is scheme, host and port alone");
    }
    if (bucket < 3 || bucket > 63 || !is_plain(config->s3_bucket, ".-")) {
        return invalid(error, "", "S3_BUCKET", "is no name of a bucket");
    }
    if (strlen(config->s3_region) > 64 || !is_plain(config->s3_region, "-")) {
        return invalid(error, "", "S3_REGION", "is no name of a region");
    }
    if (config->s3_access_key[0] == '\0' || config->s3_secret_key[0] == '\0' ||
        strlen(config->s3_access_key) > 128 || strlen(config->s3_secret_key) > 256) {
        return invalid(error, "", "S3_ACCESS_KEY", "and S3_SECRET_KEY go with S3_ENDPOINT");
    }
    return RESULT_OK;
}

static enum result check_together(const struct config *config, char *error)
{
    if ((config->twilio_api_key[0] == '\0') != (config->twilio_api_secret[0] == '\0')) {
        return invalid(error, "", "TWILIO_API_KEY", "and TWILIO_API_SECRET go together");
    }
    if (config->accel_prefix[0] != '/') {
        return invalid(error, "", "ACCEL_PREFIX", "must begin with a slash");
    }
    if (config->inflight_ttl < 2000 || config->queued_ttl > 86400 * 1000) {
        return invalid(error, "", "INFLIGHT_TTL", "must be at least 2s, and QUEUED_TTL at most 1d");
    }
    if (config->retention_at_twilio &&
        (config->twilio_account_sid[0] == '\0' || config->twilio_auth_token[0] == '\0')) {
        return invalid(error, "", "RETENTION_AT_TWILIO",
                       "needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN");
    }
    return check_s3(config, error);
}

enum result config_load(struct config *config, const char *binary_dir, char *error)
{
    struct reading reading = {.magic = MAGIC(reading), .error = error};
    struct buf storage;
    buf_init(&storage, ENV_FILE_MAX);
    *config = (struct config){0};
    enum result result = read_env_file(binary_dir, &storage, &reading);
    for (size_t i = 0; i < ROWS && result == RESULT_OK; i++) {
        result = set_row(config, &TABLE[i], reading.values[i], error);
    }
    if (result == RESULT_OK) {
        result = check_together(config, error);
    }
    buf_free(&storage);
    if (result != RESULT_OK) {
        config_free(config);
    }
    return result;
}

void config_free(struct config *config)
{
    for (size_t i = 0; config != NULL && i < ROWS; i++) {
        if (config_value_is_text(TABLE[i].type)) {
            char **field = (void *)((char *)config + TABLE[i].offset);
            free(*field);
            *field = NULL;
        }
    }
}

const char *const CONFIG_RESPONDER_NEEDS[] = {
    "DATABASE_URL", "REDIS_URL",       "RECORDINGS_DIR",    "JWT_SECRET",
    "MEDIA_SECRET", "PUBLIC_BASE_URL", "TWILIO_AUTH_TOKEN", NULL};

const char *config_missing(const struct config *config, const char *const *names)
{
    for (; *names != NULL; names++) {
        int row = find_row(*names, strlen(*names));
        if (row < 0) {
            abort();
        }
        const char *const *field = (const void *)((const char *)config + TABLE[row].offset);
        if (config_value_is_text(TABLE[row].type) && (*field)[0] == '\0') {
            return *names;
        }
    }
    return NULL;
}

const char *config_meaning(const char *name)
{
    int row = find_row(name, strlen(name));
    return row >= 0 ? TABLE[row].meaning : "";
}

bool config_duration(const char *text, int64_t *ms)
{
    return duration_parse(text, strlen(text), 366 * 86400 * 1000LL, ms);
}

void config_print(const struct config *config, FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(out, "# %s\n%s=", TABLE[i].meaning, TABLE[i].name);
        config_value_print(config, &TABLE[i], out);
        fputc('\n', out);
    }
}

void config_print_names(FILE *out)
{
    for (size_t i = 0; i < ROWS; i++) {
        fprintf(out, "%s\n", TABLE[i].name);
    }
}
