/*
 * The step that writes down what was said. Where somebody speaks is found first
 * (speech_detection.h); only that is sent to the speech server, a channel at a time, in pieces that
 * it takes; what comes back is put in order by time. What was heard is kept (followups/piece.h), so
 * that the next try goes on behind it.
 */
#include <stdio.h>
#include <string.h>

#include "asked.h"
#include "base/magic.h"
#include "calls/transcript.h"
#include "exchange.h"
#include "followups/piece.h"
#include "objects/restore.h"
#include "recordings/service.h"
#include "speech/heard.h"
#include "speech/shape.h"
#include "speech/talk.h"
#include "speech/wav.h"
#include "speech_detection.h"
#include "step_job.h"

enum { ERROR_MAX = 64 * 1024, PARTS_MAX = 7, PIECE_BYTES_MIN = 100000, SOURCE_SIZE = 512 };

struct transcribe {
    struct step_job job;
    struct speech_detection detection;
    struct plan_piece piece, before; /* the one under way, or the last; the one before it */
    int64_t most;                    /* bytes of a piece */
    struct asked server;
    struct business_speech speech;
    struct exchange *exchange;
    struct heard answer;     /* so far */
    struct restore *restore; /* the recording comes back from the object store */
    struct talk talk;
    size_t kept;       /* sentences of it that were there before the piece under way */
    enum result added; /* how adding to it went */
    struct piece_question question;
    bool inbound;
    bool no_language;         /* nobody's language was taken before this */
    bool fallback;            /* the first model is not there */
    bool heard[2];            /* the first model was asked, and has heard something; the other */
    char source[SOURCE_SIZE]; /* whoever has */
};

static const struct run_reason NOT_CONFIGURED = {"not_configured", "TRANSCRIBE_URL is not set."};
static const struct run_reason ALREADY = {"already_transcribed", "There is a transcript already."};
static const struct run_reason NO_CALL = {"no_call", "The call is not there any more."};
static const struct run_reason MISSING = {"recording_missing",
                                          "The recording is not here; it is asked for."};
static const struct run_reason AWAY = {"recording_away",
                                       "The object store does not give the recording."};
static const struct run_reason GONE = {"no_recording", "The call has no recording any more."};
static const struct run_reason NONSENSE = {"bad_answer", "The server's answer is no transcript."};
static const struct run_reason NO_MODEL = {
    "no_model", "The server does not have the model: set TRANSCRIBE_MODEL."};
static const struct run_reason TOO_LARGE = {
    "file_too_large", "The server takes no file of this size: lower TRANSCRIBE_MAX_BYTES."};
static const struct run_reason TOO_MUCH = {"transcript_too_large",
                                           "More was said than a transcript may hold."};
static const struct run_reason INTERNAL = {"internal", "The transcript could not be asked for."};

static struct transcribe *of(struct step_job *job)
{
    return CHECKED(transcribe, job);
}

/* ---- what was heard ---- */

/* Whoever is on a channel of two; of one, a voice that the server tells from others. That is one
 * piece's: nobody says which voice of another it is. */
static enum talk_speaker speaker_of(const struct transcribe *t, int voice)
{
    const struct plan *plan = &t->detection.plan;
    enum talk_speaker first = talk_first_speaker(t->job.app->config, t->inbound);
    if (plan->channels < 2) {
        bool known =
            voice > 0 && voice <= TALK_VOICES && t->piece.frames == plan_stream_frames(plan, 0);
        return known ? (enum talk_speaker)(TALK_FIRST_VOICE + voice - 1) : TALK_CALL;
    }
    return (t->piece.channel == 0) == (first == TALK_CUSTOMER) ? TALK_CUSTOMER : TALK_AGENT;
}

static void hear(void *context, int64_t start_ms, int64_t end_ms, int voice, const char *text)
{
    struct transcribe *t = CHECKED(transcribe, context);
    const struct plan *plan = &t->detection.plan;
    int64_t last = t->piece.at + t->piece.frames;
    int64_t from = t->piece.at + start_ms * plan->rate / 1000;
    int64_t to = t->piece.at + end_ms * plan->rate / 1000;
    from = from < last ? from : last;
    to = to < last ? to : last;
    if (t->added != RESULT_OK || talk_is_no_speech(text) ||
        (talk_is_silence_phrase(text) && plan_is_silent(plan, t->piece.channel, from, to))) {
        return;
    }
    t->added =
        talk_add(&t->talk, speaker_of(t, voice), plan_time_ms(plan, t->piece.channel, from, false),
                 plan_time_ms(plan, t->piece.channel, to, true), text);
}

/* ---- a piece and its answer ---- */

static const char *model_of(const struct transcribe *t)
{
    const struct config *config = t->job.app->config;
    return t->fallback ? config->transcribe_fallback_model : config->transcribe_model;
}

static void on_answer(void *context, const struct exchange_end *end);

static bool on_bytes(void *context, const char *type, const char *bytes, size_t len)
{
    return heard_eat(&CHECKED(transcribe, context)->answer, type, bytes, len);
}

static enum result send(struct transcribe *t, const struct http_part *parts, size_t count)
{
    const struct http_request request = {.parts = parts, .part_count = count};
    const struct exchange_plan plan = {
        .ceiling = ERROR_MAX, .eat = on_bytes, .done = on_answer, .context = t};
    return asked_send(&t->server, "/audio/transcriptions", t->job.app->config->transcribe_timeout,
                      &request, &plan, &t->exchange);
}

/* The fields that this server takes; gives how many. */
static size_t fields_of(const struct transcribe *t, struct http_part *parts)
{
    const struct shape *shape = &t->server.shape;
    const char *format = shape_speech_format(shape, model_of(t));
    size_t count = 0;
    parts[count++] = (struct http_part){.name = "model", .text = model_of(t)};
    if (!shape->no_language && t->speech.language[0] != '\0') {
        parts[count++] = (struct http_part){.name = "language", .text = t->speech.language};
    }
    if (format != NULL) {
        parts[count++] = (struct http_part){.name = "response_format", .text = format};
    }
    if (!shape->no_temperature) {
        parts[count++] = (struct http_part){.name = "temperature", .text = "0"};
    }
    if (!shape->no_prompt && t->speech.prompt[0] != '\0') {
        parts[count++] = (struct http_part){.name = "prompt", .text = t->speech.prompt};
    }
    if (shape_chunks(shape, model_of(t))) {
        parts[count++] = (struct http_part){.name = "chunking_strategy", .text = "auto"};
    }
    return count;
}

/* The piece is a WAV file whose head is made here and whose samples lie in the working file. */
static void send_piece(struct transcribe *t)
{
    const struct plan *plan = &t->detection.plan;
    unsigned char head[WAV_HEAD_SIZE];
    struct http_part parts[PARTS_MAX];
    int64_t before = t->piece.channel > 0 ? plan_stream_frames(plan, 0) : 0;
    size_t count = fields_of(t, parts);
    wav_head(plan->rate, t->piece.frames, head);
    parts[count++] = (struct http_part){
        .name = "file",
        .filename = "call.wav",
        .type = "audio/wav",
        .head = head,
        .head_len = sizeof head,
        .file = {.fd = t->detection.work_fd,
                 .offset = t->detection.samples_at + (before + t->piece.at) * WAV_SAMPLE_BYTES,
                 .length = t->piece.frames * WAV_SAMPLE_BYTES}};
    heard_free(&t->answer);
    heard_begin(&t->answer);
    if (send(t, parts, count) != RESULT_OK) {
        step_job_try_again(&t->job, &INTERNAL, 0);
    }
}

static bool choose_server(struct transcribe *t)
{
    bool good = asked_begin(&t->server, &t->job, t->job.app->config->transcribe_url, model_of(t),
                            SHAPE_SPEECH_FIELDS);
    t->no_language = t->server.shape.no_language;
    return good;
}

/* That a language was refused which only this business speaks says nothing about others. */
static void learn(struct transcribe *t)
{
    bool *no_language = &t->server.shape.no_language, refused = *no_language;
    *no_language = refused && (!t->speech.own_language || t->no_language);
    asked_learn(&t->server);
    *no_language = refused;
}

static void next_piece(struct transcribe *t)
{
    t->before = t->piece;
    if (plan_next_piece(&t->detection.plan, (t->most - WAV_HEAD_SIZE) / WAV_SAMPLE_BYTES,
                        &t->piece)) {
        send_piece(t);
        return;
    }
    talk_sort(&t->talk);
    step_job_end(&t->job, STEP_DONE, NULL);
}

/* ---- what was heard before ---- */

static bool ask_about(struct transcribe *t)
{
    const struct config *config = t->job.app->config;
    struct buf plan, how;
    buf_init(&plan, PLAN_TEXT_MAX);
    buf_init(&how, sizeof t->speech);
    plan_print(&t->detection.plan, &plan);
    business_speech_print(&t->speech, &how);
    bool good =
        buf_ok(&plan) && piece_question(&t->job.step, config->transcribe_url, buf_str(&plan),
                                        plan.len, buf_str(&how), &t->question);
    buf_free(&plan);
    buf_free(&how);
    return good;
}

/* One that another try heard, if it is the next. */
static void take_kept(void *context, const struct piece *piece)
{
    struct transcribe *t = CHECKED(transcribe, context);
    const struct config *config = t->job.app->config;
    struct plan_piece next = t->piece;
    bool by_first = strcmp(piece->model, config->transcribe_model) == 0;
    if ((!by_first && strcmp(piece->model, config->transcribe_fallback_model) != 0) ||
        !plan_next_piece(&t->detection.plan, piece->length, &next) ||
        next.channel != piece->stream || next.at != piece->at || next.frames != piece->length ||
        t->added != RESULT_OK) {
        return;
    }
    t->added = talk_read_lines(&t->talk, piece->said);
    t->kept = t->talk.count;
    t->piece = next;
    t->most = piece->most < t->most ? piece->most : t->most;
    t->heard[by_first ? 0 : 1] = true;
}

/* What cannot be kept is asked about once more after a fault, and that is all. */
static void keep(struct transcribe *t)
{
    struct buf lines;
    buf_init(&lines, 2 * TALK_TEXT_MAX);
    talk_print_lines(&t->talk, t->kept, &lines);
    const struct piece piece = {.stream = t->piece.channel,
                                .at = t->piece.at,
                                .length = t->piece.frames,
                                .most = t->most,
                                .model = model_of(t),
                                .said = buf_str(&lines)};
    if (buf_ok(&lines)) {
        (void)piece_keep(t->job.app, &t->question, &piece, &t->server.shape);
    }
    t->kept = t->talk.count;
    buf_free(&lines);
}

static void begin_pieces(struct transcribe *t)
{
    t->most = t->job.app->config->transcribe_max_bytes;
    bool asked = ask_about(t);
    enum result result = asked ? piece_each(t->job.app, &t->question, take_kept, t) : RESULT_OK;
    if (result != RESULT_OK) {
        step_job_no_database(&t->job);
    } else if (!asked || t->added != RESULT_OK) {
        step_job_try_again(&t->job, &INTERNAL, 0);
    } else {
        next_piece(t);
    }
}

/* ---- its answer ---- */

static void read_answer(struct transcribe *t, const struct exchange_end *end)
{
    int64_t length_ms = t->piece.frames * 1000 / t->detection.plan.rate;
    if (heard_end(&t->answer, length_ms, hear, t) != RESULT_OK) {
        asked_nonsense(&t->server, end, &NONSENSE, &t->answer.document);
        return;
    }
    if (t->added != RESULT_OK) {
        step_job_end(&t->job, STEP_FAILED, &TOO_MUCH);
        return;
    }
    heard_free(&t->answer);
    t->heard[t->fallback] = true;
    learn(t);
    keep(t);
    next_piece(t);
}

/* Half of it, at silences, down to what is hardly worth a request. */
static void send_smaller(struct transcribe *t, const struct exchange_end *end)
{
    t->most = (t->piece.frames * WAV_SAMPLE_BYTES + WAV_HEAD_SIZE) / 2;
    if (t->most < PIECE_BYTES_MIN) {
        asked_fail(&t->server, end, &TOO_LARGE);
        return;
    }
    t->piece = t->before;
    next_piece(t);
}

static void refuse(struct transcribe *t, const struct exchange_end *end)
{
    switch (asked_next(&t->server, end)) {
    case ASKED_AGAIN: send_piece(t); return;
    case ASKED_SMALLER: send_smaller(t, end); return;
    case ASKED_MODEL:
        if (t->fallback || t->job.app->config->transcribe_fallback_model[0] == '\0') {
            asked_fail(&t->server, end, &NO_MODEL);
            return;
        }
        t->fallback = true;
        if (choose_server(t)) {
            send_piece(t);
        }
        return;
    case ASKED_OVER: asked_fail(&t->server, end, NULL); return;
    }
}

static void on_answer(void *context, const struct exchange_end *end)
{
    struct transcribe *t = CHECKED(transcribe, context);
    bool final;
    t->exchange = NULL;
    if (exchange_trouble(end, &final) == NULL) {
        read_answer(t, end);
    } else {
        refuse(t, end);
    }
}

/* ---- beginning ---- */

static void open_recording(struct transcribe *t);

static void on_restored(void *context, enum result result)
{
    struct transcribe *t = CHECKED(transcribe, context);
    t->restore = NULL;
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        open_recording(t);
    } else {
        step_job_try_again(&t->job, &AWAY, 0);
    }
}

static void bring_back(struct transcribe *t, const struct look *look)
{
    if (restore_start(t->job.app, t->job.http, t->job.step.business_id, look->file_sid, on_restored,
                      t, &t->restore) != RESULT_OK) {
        step_job_try_again(&t->job, &AWAY, 0);
    }
}

static void look_into(struct transcribe *t, const struct look *look)
{
    const struct run_reason *trouble =
        speech_detection_start(t->job.app->config, look->file.path, &t->detection);
    if (trouble != NULL) {
        step_job_try_again(&t->job, trouble, 0);
    }
}

/* The same file that everybody plays. Where it is not here it is asked for, as a click would. */
static void open_recording(struct transcribe *t)
{
    const struct step *step = &t->job.step;
    struct look look;
    if (service_request(t->job.app, step->business_id, step->call_sid, &look) != RESULT_OK) {
        step_job_no_database(&t->job);
        return;
    }
    switch (look.state) {
    case STATE_READY: look.remote ? bring_back(t, &look) : look_into(t, &look); break;
    case STATE_NO_CALL:
    case STATE_EXPIRED:
    case STATE_UNAVAILABLE:
    case STATE_NO_RECORDING: step_job_end(&t->job, STEP_FAILED, &GONE); break;
    default: step_job_try_again(&t->job, &MISSING, 0); break;
    }
}

static void start(struct step_job *job)
{
    struct transcribe *t = of(job);
    struct transcript_facts facts;
    t->detection.work_fd = -1;
    enum result result =
        transcript_facts(job->app, job->step.business_id, job->step.call_sid, &facts);
    if (result == RESULT_NOT_FOUND) {
        step_job_end(job, STEP_FAILED, &NO_CALL);
    } else if (result != RESULT_OK) {
        step_job_no_database(job);
    } else if (facts.is_transcribed && !job->step.again) {
        step_job_end(job, STEP_SKIPPED, &ALREADY);
    } else if (job->app->config->transcribe_url[0] == '\0') {
        step_job_end(job, STEP_SKIPPED, &NOT_CONFIGURED);
    } else if (step_job_speech(job, &t->speech) && choose_server(t)) {
        t->inbound = facts.inbound;
        open_recording(t);
    }
}

static void tick(struct step_job *job)
{
    struct transcribe *t = of(job);
    const struct run_reason *trouble;
    bool final;
    if (!speech_detection_check(&t->detection, &trouble, &final)) {
        return;
    }
    if (trouble == NULL) {
        begin_pieces(t);
    } else if (final) {
        step_job_end(job, STEP_FAILED, trouble);
    } else {
        step_job_try_again(job, trouble, 0);
    }
}

static int wake_fd(struct step_job *job)
{
    return speech_detection_fd(&of(job)->detection);
}

/* The models that heard it: two, where the first one went away in the middle. NULL: none. */
static const char *source_of(struct transcribe *t)
{
    const struct config *config = t->job.app->config;
    (void)snprintf(t->source, sizeof t->source, "%s%s%s",
                   t->heard[0] ? config->transcribe_model : "",
                   t->heard[0] && t->heard[1] ? ", " : "",
                   t->heard[1] ? config->transcribe_fallback_model : "");
    return t->source[0] != '\0' ? t->source : NULL;
}

static enum result save(struct step_job *job, enum step_status status)
{
    struct transcribe *t = of(job);
    return status == STEP_DONE
               ? transcript_save(job->app, job->step.business_id, job->step.call_sid, &t->talk,
                                 t->speech.hebrew, source_of(t))
               : RESULT_OK;
}

static void drop(struct step_job *job)
{
    struct transcribe *t = of(job);
    exchange_drop(t->exchange);
    restore_drop(t->restore);
    speech_detection_drop(&t->detection);
    talk_free(&t->talk);
    heard_free(&t->answer);
}

const struct step_kind TRANSCRIBE_KIND = {.magic = MAGIC(transcribe),
                                          .size = sizeof(struct transcribe),
                                          .start = start,
                                          .tick = tick,
                                          .fd = wake_fd,
                                          .save = save,
                                          .drop = drop};
