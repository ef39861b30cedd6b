#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "twilio/media.h"

struct transfer {
    struct magic magic;
    const struct app *app;
    struct http *http;
    const struct transfer_events *events;
    void *context;
    struct media_ref ref;
    bool announced_lately;
    int64_t deadline; /* of the whole ladder; monotonic */
    size_t rung;
    struct http_transfer *request;
    struct file_part part;
    int64_t retry_after_s;
    bool answered;
    bool line_broke;
    bool stopped;
    const struct run_reason *trouble; /* why we ended the request ourselves */
};

static const struct run_reason NO_URL = {"bad_recording_url",
                                         "The call's recording address is not one of Twilio's."};
static const struct run_reason LOCKED = {"locked", "Another writer holds the part file."};
static const struct run_reason DISK_FULL = {"disk_full", "There is no room on the disk."};
static const struct run_reason DISK = {"disk_error", "The recording could not be written."};
static const struct run_reason TOO_BIG = {"too_big", "The recording is larger than allowed."};
static const struct run_reason NOT_AUDIO = {"not_audio",
                                            "The provider sent something that is not audio."};
static const struct run_reason TOO_SMALL = {"too_small",
                                            "The provider sent too few bytes for a recording."};
static const struct run_reason TRUNCATED = {"truncated", "The recording arrived incomplete."};
static const struct run_reason UNREACHABLE = {"unreachable", "The provider could not be reached."};
static const struct run_reason FORBIDDEN = {
    "address_refused", "The provider's name leads to an address that we do not connect to."};
static const struct run_reason STALLED = {"stalled", "The provider stopped sending."};
static const struct run_reason TIMED_OUT = {"timed_out", "The download took too long."};
static const struct run_reason NOT_FOUND = {"not_found",
                                            "The provider has no such recording, or not yet."};
static const struct run_reason NO_FORMAT = {"no_format",
                                            "The provider offers the recording in no format."};
static const struct run_reason REDIRECTED = {"redirected",
                                             "The provider pointed to another address."};
static const struct run_reason SIGN_IN = {"provider_auth", "The provider refused our credentials."};
static const struct run_reason BUSY = {"provider_busy", "The provider asked us to slow down."};
static const struct run_reason SERVER = {"provider_error", "The provider answered with an error."};
static const struct run_reason REFUSED = {"provider_refused", "The provider refused the download."};
static const struct run_reason INTERNAL = {"internal", "The download could not be started."};

static enum media_format format_of(const struct transfer *t)
{
    return (enum media_format)t->app->config->recording_formats.items[t->rung];
}

static void end_transfer(struct transfer *t, enum transfer_outcome outcome,
                         const struct run_reason *reason)
{
    struct transfer_end end = {.outcome = outcome,
                               .answered = t->answered,
                               .line_broke = t->line_broke,
                               .bytes = t->part.size,
                               .retry_after_ms = t->retry_after_s * 1000};
    if (reason != NULL) {
        end.reason = *reason;
    }
    if (outcome == TRANSFER_STORABLE) {
        end.kind = audio_kind_of(t->part.head, sizeof t->part.head);
        end.format = media_format_name(format_of(t));
    } else {
        file_part_drop(&t->part);
    }
    t->events->on_end(t->context, &end, &t->part);
    free(t);
}

/* ---- the body ---- */

static bool type_can_be_audio(const char *type)
{
    static const char *const TYPES[] = {"audio/", "application/octet-stream",
                                        "binary/octet-stream"};
    for (size_t i = 0; type != NULL && i < sizeof TYPES / sizeof *TYPES; i++) {
        if (strncasecmp(type, TYPES[i], strlen(TYPES[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool give_up(struct transfer *t, const struct run_reason *why)
{
    t->trouble = why;
    return false;
}

/* Anything else than these is in the way of this one file, unless nothing at all can be written. */
enum transfer_outcome transfer_disk_outcome(const struct app *app, const struct file_part *part)
{
    switch (part->error) {
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EIO:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return TRANSFER_HOST;
    default:
        return file_dir_check(app->config, true) == RESULT_OK ? TRANSFER_FAILED : TRANSFER_HOST;
    }
}

const struct run_reason *transfer_disk_trouble(const struct file_part *part)
{
    return part->error == ENOSPC || part->error == EDQUOT ? &DISK_FULL : &DISK;
}

/* As soon as the first bytes are here, they must look like audio: an error page is not fetched to
 * its end, and never published as progress. */
static bool on_body(void *context, const struct http_answer *answer, const char *bytes, size_t len)
{
    struct transfer *t = CHECKED(transfer, context);
    if (answer->status != 200) {
        return true; /* judged by its status when it ends; the body is dropped */
    }
    t->answered = true;
    if (!type_can_be_audio(answer->content_type)) {
        return give_up(t, &NOT_AUDIO);
    }
    if (t->part.size + (int64_t)len > t->app->config->max_recording_bytes) {
        return give_up(t, &TOO_BIG);
    }
    if (file_part_write(&t->part, bytes, len) != RESULT_OK) {
        return give_up(t, transfer_disk_trouble(&t->part));
    }
    if (t->part.size < AUDIO_HEAD_SIZE) {
        return true;
    }
    struct transfer_progress progress = {
        .format = media_format_name(format_of(t)),
        .kind = audio_kind_of(t->part.head, sizeof t->part.head),
        .received = t->part.size,
        .total = answer->content_length,
        .stamp_ns = t->part.stamp_ns,
    };
    if (progress.kind == AUDIO_UNKNOWN) {
        return give_up(t, &NOT_AUDIO);
    }
    t->events->on_progress(t->context, &progress);
    return true;
}

/* ---- the end of one request ---- */

static const struct run_reason *check_part(const struct transfer *t,
                                           const struct http_answer *answer)
{
    const struct file_part *part = &t->part;
    if (answer->content_length >= 0 && answer->content_length != part->size) {
        return &TRUNCATED;
    }
    if (part->size < t->app->config->min_recording_bytes) {
        return &TOO_SMALL;
    }
    if (audio_kind_of(part->head, sizeof part->head) == AUDIO_UNKNOWN) {
        return &NOT_AUDIO;
    }
    return audio_riff_size(part->head, sizeof part->head) > part->size ? &TRUNCATED : NULL;
}

static void take_part(struct transfer *t, const struct http_answer *answer)
{
    const struct run_reason *trouble = check_part(t, answer);
    end_transfer(t, trouble == NULL ? TRANSFER_STORABLE : TRANSFER_FAILED, trouble);
}

static enum result start_rung(struct transfer *t);

static void next_rung(struct transfer *t)
{
    t->rung++;
    if (t->rung >= t->app->config->recording_formats.count) {
        end_transfer(t, TRANSFER_REFUSED, &NO_FORMAT);
    } else if (file_part_rewind(&t->part) != RESULT_OK) {
        end_transfer(t, transfer_disk_outcome(t->app, &t->part), transfer_disk_trouble(&t->part));
    } else if (start_rung(t) != RESULT_OK) {
        end_transfer(t, TRANSFER_HOST, &INTERNAL);
    }
}

static const struct run_reason *account_reason(long status)
{
    switch (status) {
    case 401:
    case 403: return &SIGN_IN;
    case 429: return &BUSY;
    default: return &SERVER;
    }
}

static void judge_answer(struct transfer *t, const struct http_answer *answer)
{
    enum media_verdict verdict = media_judge(answer->status);
    t->answered = verdict != MEDIA_ACCOUNT;
    switch (verdict) {
    case MEDIA_TAKE: take_part(t, answer); return;
    case MEDIA_NEXT_FORMAT: next_rung(t); return;
    case MEDIA_NOT_READY:
        end_transfer(t, t->announced_lately ? TRANSFER_NOT_READY : TRANSFER_FAILED, &NOT_FOUND);
        return;
    case MEDIA_ACCOUNT:
        t->retry_after_s = answer->retry_after_s;
        bool shut_out = answer->status == 401 || answer->status == 429;
        end_transfer(t, shut_out ? TRANSFER_SHUT_OUT : TRANSFER_ACCOUNT,
                     account_reason(answer->status));
        return;
    case MEDIA_REFUSED: break;
    }
    bool redirect = answer->status >= 300 && answer->status < 400;
    end_transfer(t, TRANSFER_FAILED, redirect ? &REDIRECTED : &REFUSED);
}

static const struct run_reason *outcome_reason(enum http_outcome outcome)
{
    switch (outcome) {
    case HTTP_UNREACHABLE: return &UNREACHABLE;
    case HTTP_FORBIDDEN: return &FORBIDDEN;
    case HTTP_STALLED: return &STALLED;
    case HTTP_TIMED_OUT: return &TIMED_OUT;
    default: return &TRUNCATED;
    }
}

static void on_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct transfer *t = CHECKED(transfer, context);
    t->request = NULL;
    if (t->stopped) {
        end_transfer(t, TRANSFER_STOPPED, NULL);
    } else if (t->trouble != NULL) {
        bool disk = t->part.error != 0;
        end_transfer(t, disk ? transfer_disk_outcome(t->app, &t->part) : TRANSFER_FAILED,
                     t->trouble);
    } else if (outcome != HTTP_COMPLETE) {
        bool dead_host = outcome == HTTP_UNREACHABLE || outcome == HTTP_FORBIDDEN;
        t->line_broke = !dead_host;
        end_transfer(t, dead_host ? TRANSFER_SHUT_OUT : TRANSFER_FAILED, outcome_reason(outcome));
    } else {
        judge_answer(t, answer);
    }
}

/* ---- the beginning ---- */

static enum result start_rung(struct transfer *t)
{
    static const struct http_events EVENTS = {.on_body = on_body, .on_done = on_done};
    const struct config *config = t->app->config;
    struct credential credential = credentials_of(t->app->credentials, t->ref.account_sid);
    int64_t left = t->deadline - clock_monotonic_ms();
    char url[MEDIA_URL_SIZE];
    enum result result = media_format_url(config->twilio_api_base, &t->ref, format_of(t), url);
    if (result != RESULT_OK) {
        return result;
    }
    struct http_request request = {
        .url = url,
        .user = credential.user,
        .password = credential.password,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->stall_timeout,
        .total_timeout_ms = left > 1 ? left : 1,
        .public_only = media_base_is_twilio(config->twilio_api_base),
    };
    return http_start(t->http, &request, &EVENTS, t, &t->request);
}

static enum result refuse(struct transfer_end *end, enum transfer_outcome outcome,
                          const struct run_reason *reason)
{
    *end = (struct transfer_end){.outcome = outcome, .reason = *reason};
    return RESULT_FAILED;
}

static enum result begin(struct transfer *t, const struct run *run, struct transfer_end *end)
{
    if (media_parse(run->recording_url, &t->ref) != RESULT_OK) {
        return refuse(end, TRANSFER_REFUSED, &NO_URL);
    }
    enum result result = file_part_open(t->app->config, run->business_id, run->call_sid, &t->part);
    if (result == RESULT_LOST) {
        return refuse(end, TRANSFER_LOCKED, &LOCKED);
    }
    if (result != RESULT_OK) {
        return refuse(end, transfer_disk_outcome(t->app, &t->part),
                      transfer_disk_trouble(&t->part));
    }
    if (start_rung(t) != RESULT_OK) {
        file_part_drop(&t->part);
        return refuse(end, TRANSFER_HOST, &INTERNAL);
    }
    return RESULT_OK;
}

enum result transfer_start(const struct app *app, struct http *http, const struct run *run,
                           const struct transfer_events *events, void *context,
                           struct transfer **out, struct transfer_end *end)
{
    struct transfer *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return refuse(end, TRANSFER_HOST, &INTERNAL);
    }
    t->magic = MAGIC(transfer);
    t->app = app;
    t->http = http;
    t->events = events;
    t->context = context;
    t->announced_lately = run->announced_lately;
    t->deadline = clock_monotonic_ms() + app->config->transfer_timeout;
    if (begin(t, run, end) != RESULT_OK) {
        free(t);
        return RESULT_FAILED;
    }
    *out = t;
    return RESULT_OK;
}

void transfer_stop(struct transfer *transfer)
{
    transfer->stopped = true;
    if (transfer->request != NULL) {
        http_cancel(transfer->request);
    }
}
