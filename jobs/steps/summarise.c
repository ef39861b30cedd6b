/*
 * The step that says what a call was about: a fixed sentence where nothing was said, else one
 * question to a chat server.
 */
#include <string.h>

#include "asked.h"
#include "base/magic.h"
#include "base/utf8.h"
#include "calls/transcript.h"
#include "exchange.h"
#include "followups/piece.h"
#include "speech/answer.h"
#include "speech/summary.h"
#include "step_job.h"

enum { ANSWER_MAX = 1 << 20, PART_MIN = 1000 };

struct summarise {
    struct step_job job;
    struct asked server;
    struct business_speech speech;
    struct exchange *exchange;
    struct buf transcript; /* or, when that was too long, the summaries of its parts */
    size_t at, part;       /* where the part under way begins; bytes of a part at most, 0: all */
    struct buf parts;      /* the summaries of those before it */
    int64_t rounds;        /* how often the parts' summaries became the transcript */
    struct piece_question question;
    struct buf text; /* the summary */
    bool fixed;
};

static const struct run_reason NOT_CONFIGURED = {"not_configured", "SUMMARY_URL is not set."};
static const struct run_reason ALREADY = {"already_summarised", "There is a summary already."};
static const struct run_reason NO_TRANSCRIPT = {"no_transcript", "There is no transcript."};
static const struct run_reason NO_CALL = {"no_call", "The call is not there any more."};
static const struct run_reason NONSENSE = {"bad_answer", "The server's answer is no summary."};
static const struct run_reason EMPTY = {"empty_answer", "The server answered without a summary."};
static const struct run_reason NO_MODEL = {
    "no_model", "The server does not have the model: set SUMMARY_MODEL."};
static const struct run_reason TOO_LONG = {
    "too_long", "The call is longer than the model can read: set another SUMMARY_MODEL."};
static const struct run_reason REFUSED = {"model_refused", "The model did not want to answer."};
static const struct run_reason INTERNAL = {"internal", "The summary could not be asked for."};

static struct summarise *of(struct step_job *job)
{
    return CHECKED(summarise, job);
}

static void on_answer(void *context, const struct exchange_end *end);

static enum result send(struct summarise *s, const char *body)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    const struct http_request request = {.headers = HEADERS, .body = body};
    const struct exchange_plan plan = {.ceiling = ANSWER_MAX, .done = on_answer, .context = s};
    return asked_send(&s->server, "/chat/completions", s->job.app->config->summary_timeout,
                      &request, &plan, &s->exchange);
}

/* How much of the transcript is asked about: whole lines, if one fits. */
static size_t part_length(const struct summarise *s)
{
    const char *begin = buf_str(&s->transcript) + s->at;
    size_t left = s->transcript.len - s->at;
    if (s->part == 0 || left <= s->part) {
        return left;
    }
    const char *line = memrchr(begin, '\n', s->part);
    size_t len = line != NULL ? (size_t)(line + 1 - begin) : utf8_cut(begin, s->part);
    return len > 0 ? len : s->part;
}

static void ask(struct summarise *s)
{
    struct buf body, part;
    buf_init(&body, 3 * SUMMARY_ASKED_MAX);
    buf_init(&part, SUMMARY_ASKED_MAX);
    buf_add(&part, buf_str(&s->transcript) + s->at, part_length(s));
    if (!buf_ok(&part) ||
        summary_ask(s->server.model, &s->speech, buf_str(&part), &s->server.shape, &body) !=
            RESULT_OK ||
        send(s, buf_str(&body)) != RESULT_OK) {
        step_job_try_again(&s->job, &INTERNAL, 0);
    }
    buf_free(&body);
    buf_free(&part);
}

/* Half as much at a time. What cannot be read even so is not summarised. */
static void ask_for_less(struct summarise *s, const struct exchange_end *end)
{
    s->part = part_length(s) / 2;
    if (s->part < PART_MIN) {
        asked_fail(&s->server, end, &TOO_LONG);
    } else {
        ask(s);
    }
}

/* ---- parts ---- */

/* The summary of the part that is asked about is here. */
static void add_part(struct summarise *s, const char *summary)
{
    s->at += part_length(s);
    buf_text(&s->parts, summary);
    buf_text(&s->parts, summary[0] != '\0' ? "\n" : "");
}

/* One that another try asked about, if it is the next. */
static void take_kept(void *context, const struct piece *piece)
{
    struct summarise *s = CHECKED(summarise, context);
    size_t part = s->part;
    if (strcmp(piece->model, s->server.model) != 0 || piece->stream != s->rounds ||
        piece->at != (int64_t)s->at || s->at == s->transcript.len) {
        return;
    }
    s->part = (size_t)piece->most;
    if ((int64_t)part_length(s) == piece->length) {
        add_part(s, piece->said);
    } else {
        s->part = part;
    }
}

/* What cannot be kept is asked about once more after a fault, and that is all. */
static void keep(struct summarise *s)
{
    const struct piece piece = {.stream = s->rounds,
                                .at = (int64_t)s->at,
                                .length = (int64_t)part_length(s),
                                .most = (int64_t)s->part,
                                .model = s->server.model,
                                .said = buf_str(&s->text)};
    (void)piece_keep(s->job.app, &s->question, &piece, &s->server.shape);
}

static void finish(struct summarise *s)
{
    s->fixed = s->text.len == 0;
    buf_text(&s->text, s->fixed ? summary_nothing(s->speech.hebrew) : "");
    step_job_end(&s->job, STEP_DONE, NULL);
}

/* What was asked of this transcript before counts. False: the step's try has ended. */
static bool begin_round(struct summarise *s)
{
    const struct config *config = s->job.app->config;
    struct buf how;
    buf_init(&how, sizeof s->speech);
    business_speech_print(&s->speech, &how);
    s->part = s->transcript.len > SUMMARY_ASKED_MAX / 2 ? SUMMARY_ASKED_MAX / 2 : 0;
    bool good = piece_question(&s->job.step, config->summary_url, buf_str(&s->transcript),
                               s->transcript.len, buf_str(&how), &s->question);
    buf_free(&how);
    if (!good) {
        step_job_try_again(&s->job, &INTERNAL, 0);
        return false;
    }
    if (piece_each(s->job.app, &s->question, take_kept, s) != RESULT_OK) {
        step_job_no_database(&s->job);
        return false;
    }
    return true;
}

/* The summaries of all parts are summarised as if they were the transcript; they are shorter than
 * that, or it would go on for ever. */
static bool begin_next_round(struct summarise *s)
{
    if (s->parts.len >= s->transcript.len || !buf_ok(&s->parts)) {
        step_job_end(&s->job, STEP_FAILED, &TOO_LONG);
        return false;
    }
    buf_clear(&s->transcript);
    buf_add(&s->transcript, buf_str(&s->parts), s->parts.len);
    buf_clear(&s->parts);
    s->at = 0;
    s->rounds++;
    return begin_round(s);
}

static void go_on(struct summarise *s)
{
    bool goes_on = true;
    while (goes_on && s->at == s->transcript.len && s->parts.len > 0) {
        goes_on = begin_next_round(s);
    }
    if (goes_on && s->at < s->transcript.len) {
        ask(s);
    } else if (goes_on) {
        finish(s);
    }
}

/* One more summary is here, in s->text. */
static void take_summary(struct summarise *s)
{
    asked_learn(&s->server);
    if (s->part == 0) {
        finish(s);
        return;
    }
    keep(s);
    add_part(s, buf_str(&s->text));
    buf_clear(&s->text);
    go_on(s);
}

static void begin_asking(struct summarise *s)
{
    const struct config *config = s->job.app->config;
    enum result result =
        transcript_text(s->job.app, s->job.step.business_id, s->job.step.call_sid, &s->transcript);
    if (result == RESULT_UNAVAILABLE) {
        step_job_no_database(&s->job);
    } else if (result != RESULT_OK) {
        step_job_try_again(&s->job, &INTERNAL, 0);
    } else if (asked_begin(&s->server, &s->job, config->summary_url, config->summary_model,
                           SHAPE_CHAT_FIELDS) &&
               begin_round(s)) {
        go_on(s);
    }
}

/* ---- its answer ---- */

/* What it says may be whole although it was cut. */
static void read_answer(struct summarise *s, const struct exchange_end *end)
{
    struct buf content;
    buf_init(&content, ANSWER_MAX);
    enum answer_chat chat = answer_read_chat(buf_str(end->body), end->body->len, &content);
    enum result result = RESULT_INVALID;
    if (chat == ANSWER_CHAT_SAID || chat == ANSWER_CHAT_CUT) {
        result = summary_read(buf_str(&content), content.len, &s->speech, &s->text);
    }
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        take_summary(s);
    } else if (chat == ANSWER_CHAT_REFUSED) {
        asked_say(&s->server, buf_str(&content));
        asked_fail(&s->server, end, &REFUSED);
    } else {
        asked_nonsense(&s->server, end,
                       chat == ANSWER_CHAT_SAID || chat == ANSWER_CHAT_NONE ? &NONSENSE : &EMPTY,
                       end->body);
    }
    buf_free(&content);
}

static void on_answer(void *context, const struct exchange_end *end)
{
    struct summarise *s = CHECKED(summarise, context);
    bool final;
    s->exchange = NULL;
    if (exchange_trouble(end, &final) == NULL) {
        read_answer(s, end);
        return;
    }
    switch (asked_next(&s->server, end)) {
    case ASKED_AGAIN: ask(s); break;
    case ASKED_MODEL: asked_fail(&s->server, end, &NO_MODEL); break;
    case ASKED_SMALLER: ask_for_less(s, end); break;
    case ASKED_OVER: asked_fail(&s->server, end, NULL); break;
    }
}

/* ---- beginning ---- */

static void decide(struct summarise *s, const struct transcript_facts *facts)
{
    bool heard = facts->has_transcript || facts->spoken_ms >= 0;
    bool known = facts->spoken_ms >= 0; /* a CRM's own transcript has no times */
    const char *sentence =
        heard ? summary_fixed(facts->status, known ? facts->spoken_ms : INT64_MAX, s->speech.hebrew)
              : NULL;
    if (facts->has_summary && !s->job.step.again) {
        step_job_end(&s->job, STEP_SKIPPED, &ALREADY);
    } else if (!heard) {
        step_job_end(&s->job, STEP_SKIPPED, &NO_TRANSCRIPT);
    } else if (sentence != NULL) {
        s->fixed = true;
        buf_text(&s->text, sentence);
        step_job_end(&s->job, STEP_DONE, NULL);
    } else if (s->job.app->config->summary_url[0] == '\0') {
        step_job_end(&s->job, STEP_SKIPPED, &NOT_CONFIGURED);
    } else {
        begin_asking(s);
    }
}

static void start(struct step_job *job)
{
    struct summarise *s = of(job);
    struct transcript_facts facts;
    buf_init(&s->text, SUMMARY_TEXT_MAX);
    buf_init(&s->transcript, TRANSCRIPT_TEXT_MAX);
    buf_init(&s->parts, TRANSCRIPT_TEXT_MAX);
    if (!step_job_speech(job, &s->speech)) {
        return;
    }
    switch (transcript_facts(job->app, job->step.business_id, job->step.call_sid, &facts)) {
    case RESULT_OK: decide(s, &facts); break;
    case RESULT_NOT_FOUND: step_job_end(job, STEP_FAILED, &NO_CALL); break;
    default: step_job_no_database(job); break;
    }
}

static enum result save(struct step_job *job, enum step_status status)
{
    static const char *const WORDS[] = {"done", "skipped", "failed"};
    struct summarise *s = of(job);
    if (job->end.reason.code != NULL && strcmp(job->end.reason.code, ALREADY.code) == 0) {
        return RESULT_OK;
    }
    return transcript_save_summary(job->app, job->step.business_id, job->step.call_sid,
                                   status == STEP_DONE ? buf_str(&s->text) : NULL,
                                   s->fixed ? "fixed" : WORDS[status]);
}

static void drop(struct step_job *job)
{
    struct summarise *s = of(job);
    exchange_drop(s->exchange);
    buf_free(&s->text);
    buf_free(&s->transcript);
    buf_free(&s->parts);
}

const struct step_kind SUMMARISE_KIND = {.magic = MAGIC(summarise),
                                         .size = sizeof(struct summarise),
                                         .start = start,
                                         .save = save,
                                         .drop = drop};
