/*
 * One download: one format after the other, from the provider's socket to a checked part file.
 *
 * A transfer knows nothing of queues and runs. It ends exactly once, through `on_end`, from
 * http_poll or from transfer_start's caller's next http_poll; then it is freed. Memory does not
 * grow with the recording.
 */
#ifndef TAPEDECK_JOBS_RUNNER_TRANSFER_H
#define TAPEDECK_JOBS_RUNNER_TRANSFER_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "audio/peaks_stream.h"
#include "clients/http.h"
#include "runs/run.h"
#include "storage/file.h"

enum transfer_outcome {
    TRANSFER_STORABLE,  /* the part is complete and checked; not synced yet */
    TRANSFER_FAILED,    /* one failed attempt: try again, while attempts are left */
    TRANSFER_REFUSED,   /* no format will ever come: trying again is useless */
    TRANSFER_FINAL,     /* what the provider has is no recording: a click does not ask again */
    TRANSFER_NOT_READY, /* the provider has no media yet, and may soon: no failure */
    TRANSFER_ACCOUNT,   /* the account or its host is at fault, not this recording */
    TRANSFER_SHUT_OUT,  /* the same, and never this recording: 401, or 429 (slow down) */
    TRANSFER_HOST,      /* this host is at fault: its disk, its memory (host.h) */
    TRANSFER_LOCKED,    /* another writer has the part file */
    TRANSFER_STOPPED,   /* transfer_stop */
    TRANSFER_CANCELLED, /* the same, because a person asked: the runner says so */
};

struct transfer_end {
    enum transfer_outcome outcome;
    struct run_reason reason; /* unless STORABLE or STOPPED */
    bool answered;            /* the provider answered, and not with a fault of the account */
    bool line_broke;          /* it was silent, too slow or cut short */
    int64_t retry_after_ms;   /* what the provider asked for, or 0 */
    enum audio_kind kind;     /* when STORABLE */
    const char *format;       /* when STORABLE: the rung that gave it */
    int64_t bytes;
    struct peaks_stream *waveform; /* when STORABLE, or NULL; the receiver frees it */
};

struct transfer;

struct transfer_progress {
    const char *format;
    enum audio_kind kind;
    int64_t received;
    int64_t total;                       /* -1 when the provider did not say */
    int64_t stamp_ns;                    /* of the part file */
    const struct peaks_stream *waveform; /* of what is here, for this call; NULL: there is none */
};

struct transfer_events {
    /* Bytes came, and they are audio. */
    void (*on_progress)(void *context, const struct transfer_progress *progress);
    /* The end. `part` is open when STORABLE and the receiver's to finish; else it is gone. */
    void (*on_end)(void *context, const struct transfer_end *end, struct file_part *part);
};

/* Begins. RESULT_OK: on_end will come. Otherwise `end` says why it could not even begin. */
enum result transfer_start(const struct app *app, struct http *http, const struct run *run,
                           const struct transfer_events *events, void *context,
                           struct transfer **out, struct transfer_end *end);

/* Ends it early; on_end comes from the next http_poll, as TRANSFER_STOPPED. */
void transfer_stop(struct transfer *transfer);

/* Why a part could not be written: the disk is full, or in trouble. */
const struct run_reason *transfer_disk_trouble(const struct file_part *part);

/* TRANSFER_HOST where that is a fault of this host, else TRANSFER_FAILED. */
enum transfer_outcome transfer_disk_outcome(const struct app *app, const struct file_part *part);

#endif
