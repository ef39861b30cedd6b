/*
 * The step that says what a call was about: a fixed sentence where nothing was said, else one
 * question to a chat server.
 */
#include <string.h>

#include "base/magic.h"
#include "calls/transcript.h"
#include "exchange.h"
#include "speech/answer.h"
#include "speech/summary.h"
#include "step_job.h"

enum { ANSWER_MAX = 1 << 20, URL_SIZE = 4200 };

struct summarise {
    struct step_job job;
    struct exchange *exchange;
    struct buf text; /* the summary */
    bool fixed;
};

static const struct run_reason NOT_CONFIGURED = {"not_configured", "SUMMARY_URL is not set."};
static const struct run_reason ALREADY = {"already_summarised", "There is a summary already."};
static const struct run_reason NO_TRANSCRIPT = {"no_transcript", "There is no transcript."};
static const struct run_reason NO_CALL = {"no_call", "The call is not there any more."};
static const struct run_reason NONSENSE = {"bad_answer", "The server's answer is no summary."};
static const struct run_reason EMPTY = {"empty_answer", "The server answered without a summary."};
static const struct run_reason INTERNAL = {"internal", "The summary could not be asked for."};

static struct summarise *of(struct step_job *job)
{
    return CHECKED(summarise, job);
}

static void on_answer(void *context, const struct exchange_end *end)
{
    struct summarise *s = CHECKED(summarise, context);
    bool final;
    struct buf content;
    s->exchange = NULL;
    const struct run_reason *trouble = exchange_trouble(end, &final);
    if (trouble != NULL && final) {
        step_job_end(&s->job, STEP_FAILED, trouble);
        return;
    }
    if (trouble != NULL) {
        step_job_try_again(&s->job, trouble, end->retry_after_s * 1000);
        return;
    }
    buf_init(&content, ANSWER_MAX);
    enum result result = answer_read_chat(buf_str(end->body), end->body->len, &content);
    if (result == RESULT_OK) {
        result =
            summary_read(buf_str(&content), content.len, step_job_hebrew(s->job.app), &s->text);
    }
    buf_free(&content);
    if (result == RESULT_OK) {
        step_job_end(&s->job, STEP_DONE, NULL);
    } else {
        step_job_try_again(&s->job, result == RESULT_NOT_FOUND ? &EMPTY : &NONSENSE, 0);
    }
}

static enum result send(struct summarise *s, const char *body)
{
    static const char *const HEADERS[] = {"Content-Type: application/json", NULL};
    const struct config *config = s->job.app->config;
    char url[URL_SIZE];
    struct http_request request = {
        .url = step_job_url(config->summary_url, "/chat/completions", url, sizeof url),
        .bearer = config->openai_api_key[0] != '\0' ? config->openai_api_key : NULL,
        .headers = HEADERS,
        .body = body,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->summary_timeout, /* it is silent while it thinks */
        .total_timeout_ms = config->summary_timeout,
    };
    return request.url != NULL
               ? exchange_start(s->job.http, &request, ANSWER_MAX, on_answer, s, &s->exchange)
               : RESULT_FAILED;
}

static void ask(struct summarise *s)
{
    const struct config *config = s->job.app->config;
    struct buf transcript, body;
    buf_init(&transcript, SUMMARY_ASKED_MAX);
    buf_init(&body, 3 * SUMMARY_ASKED_MAX);
    enum result result =
        transcript_text(s->job.app, s->job.step.business_id, s->job.step.call_sid, &transcript);
    if (result == RESULT_UNAVAILABLE) {
        step_job_no_database(&s->job);
        goto out;
    }
    if (result == RESULT_OK) {
        result = summary_ask(config->summary_model, config->transcribe_language,
                             buf_str(&transcript), &body);
    }
    if (result != RESULT_OK || send(s, buf_str(&body)) != RESULT_OK) {
        step_job_try_again(&s->job, &INTERNAL, 0);
    }
out:
    buf_free(&transcript);
    buf_free(&body);
}

static void decide(struct summarise *s, const struct transcript_facts *facts)
{
    bool heard = facts->has_transcript || facts->spoken_ms >= 0;
    bool known = facts->spoken_ms >= 0; /* a CRM's own transcript has no times */
    const char *sentence = heard
                               ? summary_fixed(facts->status, known ? facts->spoken_ms : INT64_MAX,
                                               step_job_hebrew(s->job.app))
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
        ask(s);
    }
}

static void start(struct step_job *job)
{
    struct summarise *s = of(job);
    struct transcript_facts facts;
    buf_init(&s->text, SUMMARY_TEXT_MAX);
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
}

const struct step_kind SUMMARISE_KIND = {.magic = MAGIC(summarise),
                                         .size = sizeof(struct summarise),
                                         .start = start,
                                         .save = save,
                                         .drop = drop};
