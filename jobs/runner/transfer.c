#include "transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "decryption.h"
#include "ladder.h"
#include "twilio/media.h"

enum turn { TURN_NONE, TURN_UP, TURN_DOWN };

struct transfer {
    struct magic magic;
    const struct app *app;
    struct http *http;
    const struct transfer_events *events;
    void *context;
    struct media_ref ref;
    bool is_recent;
    int64_t deadline; /* of the whole ladder; monotonic */
    struct ladder ladder;
    struct http_transfer *request;
    struct file_part part;
    struct peaks_stream *waveform; /* of what is in the part; NULL where there is none */
    enum audio_verdict verdict;    /* of what is here so far */
    struct audio_facts sound;
    int64_t look_at;  /* it is looked at again when so many bytes are here */
    int64_t total;    /* bytes, as far as listeners are told; -1: not known */
    enum turn turn;   /* we ended the request, to ask for another format */
    bool unsupported; /* one of the formats had sound that we do not decode */
    int64_t retry_after_s;
    bool answered;
    bool line_broke;
    bool stopped;
    struct decryption *decryption;    /* NULL: it is not encrypted */
    bool with_other;                  /* of the account's two tokens; the first was refused */
    const struct run_reason *trouble; /* why we ended the request ourselves */
};

static const struct run_reason NO_URL = {"bad_recording_url",
                                         "The call's recording address is not one of Twilio's."};
static const struct run_reason EXTERNAL = {"external_storage",
                                           "The recording is in a bucket of the account's own."};
static const struct run_reason ENCRYPTED = {"encrypted",
                                            "The recording is encrypted, and no key here fits."};
static const struct run_reason KEY_UNREADABLE = {
    "key_unreadable", "The private key's file cannot be read, or others may read it."};
static const struct run_reason CHANGED = {"decryption_failed",
                                          "The encrypted recording is not as it was made."};
static const struct run_reason LOCKED = {"locked", "Another writer holds the part file."};
static const struct run_reason DISK_FULL = {"disk_full", "There is no room on the disk."};
static const struct run_reason DISK = {"disk_error", "The recording could not be written."};
static const struct run_reason TOO_BIG = {"too_big", "The recording is larger than allowed."};
static const struct run_reason NOT_AUDIO = {"not_audio",
                                            "The provider sent something that is not audio."};
static const struct run_reason EMPTY = {"empty", "The recording has a header and no sound."};
static const struct run_reason UNSUPPORTED = {"unsupported_format",
                                              "The recording is of a format that is not decoded."};
static const struct run_reason GONE = {"gone", "The provider has deleted the recording."};
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
    return (enum media_format)t->app->config->recording_formats.items[t->ladder.rung];
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
        end.kind = t->sound.kind;
        end.format = media_format_name(format_of(t));
        end.waveform = t->waveform;
    } else {
        peaks_stream_free(t->waveform);
        file_part_drop(&t->part);
    }
    t->events->on_end(t->context, &end, &t->part);
    decryption_free(t->decryption);
    free(t);
}

/* ---- the body ---- */

/* The bytes decide, unless they come as a page or a document. */
static bool type_can_be_audio(const char *type)
{
    static const char *const DOCUMENTS[] = {"html", "json", "xml"};
    for (size_t i = 0; type != NULL && i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
        if (strcasestr(type, DOCUMENTS[i]) != NULL) {
            return false;
        }
    }
    return true;
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

/* What a RIFF header says is shorter than a length that may be a lie: who listens meanwhile is
 * told the shorter one, and hears all samples. */
static int64_t early_total(const struct transfer *t, const struct http_answer *answer)
{
    bool shorter = t->sound.end > 0 && t->sound.end < answer->content_length;
    return shorter ? t->sound.end : answer->content_length;
}

/* As soon as enough bytes are here, they must be audio: an error page is not fetched to its end,
 * and never published as progress. */
static bool look_at_bytes(struct transfer *t, const struct http_answer *answer)
{
    if (t->part.size < t->look_at) {
        return true;
    }
    t->verdict = audio_look(t->part.fd, t->part.size, false, &t->sound);
    t->look_at = t->verdict == AUDIO_MORE ? t->part.size * 2 : INT64_MAX;
    t->total = early_total(t, answer);
    if (t->verdict == AUDIO_UNSUPPORTED) {
        t->turn = TURN_DOWN;
        return false;
    }
    return t->verdict == AUDIO_NONE ? give_up(t, &NOT_AUDIO) : true;
}

static bool on_body(void *context, const struct http_answer *answer, const char *bytes, size_t len)
{
    struct transfer *t = CHECKED(transfer, context);
    if (answer->status != 200) {
        return true; /* judged by its status when it ends; the body is dropped */
    }
    t->answered = true;
    if (t->part.size == 0 && ladder_up(&t->ladder)) {
        t->turn = TURN_UP;
        return false;
    }
    if (!type_can_be_audio(answer->content_type)) {
        return give_up(t, &NOT_AUDIO);
    }
    if (t->part.size + (int64_t)len > t->app->config->max_recording_bytes) {
        return give_up(t, &TOO_BIG);
    }
    enum result result = t->decryption != NULL
                             ? decryption_write(t->decryption, &t->part, bytes, len)
                             : file_part_write(&t->part, bytes, len);
    if (result != RESULT_OK) {
        return give_up(t, transfer_disk_trouble(&t->part));
    }
    peaks_stream_add(t->waveform, bytes, len);
    if (!look_at_bytes(t, answer)) {
        return false;
    }
    if (t->verdict == AUDIO_GOOD && t->decryption == NULL) { /* its tag comes last */
        struct transfer_progress progress = {
            .format = media_format_name(format_of(t)),
            .kind = t->sound.kind,
            .received = t->part.size < t->total || t->total < 0 ? t->part.size : t->total,
            .total = t->total,
            .stamp_ns = t->part.stamp_ns,
            .waveform = t->waveform,
        };
        t->events->on_progress(t->context, &progress);
    }
    return true;
}

/* ---- the end of one request ---- */

static enum result start_rung(struct transfer *t);

static void ask(struct transfer *t)
{
    peaks_stream_rewind(t->waveform);
    if (file_part_rewind(&t->part) != RESULT_OK) {
        end_transfer(t, transfer_disk_outcome(t->app, &t->part), transfer_disk_trouble(&t->part));
    } else if (start_rung(t) != RESULT_OK) {
        end_transfer(t, TRANSFER_HOST, &INTERNAL);
    }
}

/* Which answer of all formats counts: one that may become a recording yet, then one that will not.
 */
static void next_rung(struct transfer *t, bool missing)
{
    if (ladder_down(&t->ladder, missing)) {
        ask(t);
    } else if (t->unsupported) {
        end_transfer(t, TRANSFER_FINAL, &UNSUPPORTED);
    } else if (t->ladder.missing != 0) {
        end_transfer(t, t->is_recent ? TRANSFER_NOT_READY : TRANSFER_FAILED, &NOT_FOUND);
    } else {
        end_transfer(t, TRANSFER_REFUSED, &NO_FORMAT);
    }
}

/* Where nothing but the end of the connection says that all is here, the header must agree. */
static bool is_cut_off(const struct transfer *t, const struct http_answer *answer)
{
    int64_t tag = t->decryption != NULL ? DECRYPTION_TAG_SIZE : 0;
    return answer->content_length >= 0
               ? answer->content_length != t->part.size + tag
               : !answer->is_bounded && t->sound.said > t->part.size + AUDIO_SLACK;
}

/* The whole answer is here. What is no sound, or none yet, may be a page of a host in trouble; but
 * a file that begins as an MP3 and is none stays so. */
static void take_part(struct transfer *t, const struct http_answer *answer)
{
    enum audio_verdict verdict = audio_look(t->part.fd, t->part.size, true, &t->sound);
    bool pretends = t->sound.kind != AUDIO_UNKNOWN;
    if (is_cut_off(t, answer)) {
        end_transfer(t, TRANSFER_FAILED, &TRUNCATED);
    } else if (t->decryption != NULL && !decryption_end(t->decryption)) {
        end_transfer(t, TRANSFER_FAILED, &CHANGED);
    } else if (verdict == AUDIO_EMPTY) {
        end_transfer(t, TRANSFER_FINAL, &EMPTY);
    } else if (t->part.size < t->app->config->min_recording_bytes) {
        end_transfer(t, TRANSFER_FAILED, &TOO_SMALL);
    } else if (verdict == AUDIO_UNSUPPORTED) {
        t->unsupported = true;
        next_rung(t, false);
    } else if (verdict == AUDIO_GOOD) {
        end_transfer(t, TRANSFER_STORABLE, NULL);
    } else {
        end_transfer(t, pretends ? TRANSFER_FINAL : TRANSFER_FAILED, &NOT_AUDIO);
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

/* While a token is being changed, one of the two is refused. */
static bool ask_with_other(struct transfer *t, const struct http_answer *answer)
{
    if (answer->status != 401 || t->with_other ||
        credentials_of(t->app->credentials, t->ref.account_sid).other_password == NULL) {
        return false;
    }
    t->with_other = true;
    ask(t);
    return true;
}

static void judge_answer(struct transfer *t, const struct http_answer *answer)
{
    if (ask_with_other(t, answer)) {
        return;
    }
    enum media_verdict verdict = media_judge(answer->status);
    t->answered = verdict != MEDIA_ACCOUNT;
    switch (verdict) {
    case MEDIA_TAKE: take_part(t, answer); return;
    case MEDIA_NEXT_FORMAT: next_rung(t, false); return;
    case MEDIA_NOT_THERE: next_rung(t, true); return;
    case MEDIA_GONE: end_transfer(t, TRANSFER_FINAL, &GONE); return;
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
    } else if (t->turn == TURN_UP) {
        ask(t);
    } else if (t->turn == TURN_DOWN) {
        t->unsupported = true;
        next_rung(t, false);
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
    t->turn = TURN_NONE;
    t->verdict = AUDIO_MORE;
    t->look_at = AUDIO_HEAD_SIZE;
    static const struct http_events EVENTS = {.on_body = on_body, .on_done = on_done};
    const struct config *config = t->app->config;
    struct credential credential = credentials_of(t->app->credentials, t->ref.account_sid);
    bool other = t->with_other && credential.other_password != NULL;
    int64_t left = t->deadline - clock_monotonic_ms();
    char url[MEDIA_URL_SIZE];
    enum result result = media_format_url(credential.api_base, &t->ref, format_of(t), url);
    if (result == RESULT_OK && t->decryption != NULL) {
        result = decryption_begin(t->decryption);
    }
    if (result != RESULT_OK) {
        return result;
    }
    struct http_request request = {
        .url = url,
        .user = credential.user,
        .password = other ? credential.other_password : credential.password,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->stall_timeout,
        .total_timeout_ms = left > 1 ? left : 1,
        .public_only = media_base_is_twilio(credential.api_base),
        .unpack = true,
    };
    return http_start(t->http, &request, &EVENTS, t, &t->request);
}

static enum result refuse(struct transfer_end *end, enum transfer_outcome outcome,
                          const struct run_reason *reason)
{
    *end = (struct transfer_end){.outcome = outcome, .reason = *reason};
    return RESULT_FAILED;
}

/* What cannot be fetched is not asked for. */
static enum result open_storage(struct transfer *t, const struct run *run, struct transfer_end *end)
{
    if (run->is_external) {
        return refuse(end, TRANSFER_FINAL, &EXTERNAL);
    }
    if (run->encryption[0] == '\0') {
        return RESULT_OK;
    }
    switch (decryption_new(t->app->config, run->encryption, &t->decryption)) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_DENIED: return refuse(end, TRANSFER_FINAL, &ENCRYPTED);
    default: return refuse(end, TRANSFER_FAILED, &KEY_UNREADABLE);
    }
}

static enum result begin(struct transfer *t, const struct run *run, struct transfer_end *end)
{
    if (media_parse(run->recording_url, &t->ref) != RESULT_OK) {
        return refuse(end, TRANSFER_REFUSED, &NO_URL);
    }
    if (open_storage(t, run, end) != RESULT_OK) {
        return RESULT_FAILED;
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
    t->is_recent = run->is_recent;
    /* What is encrypted has other bytes on the way than in the file. */
    t->waveform = run->encryption[0] == '\0' ? peaks_stream_new() : NULL;
    t->ladder.count = app->config->recording_formats.count;
    t->deadline = clock_monotonic_ms() + app->config->transfer_timeout;
    if (begin(t, run, end) != RESULT_OK) {
        peaks_stream_free(t->waveform);
        decryption_free(t->decryption);
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
