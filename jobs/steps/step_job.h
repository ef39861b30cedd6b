/*
 * What a kind of step must provide to steps.h: transcribe.c, summarise.c, notify.c each have one.
 *
 * A job never waits: it is called from the runner's poll, and says when it has ended. Its result is
 * kept until it could be saved.
 */
#ifndef TAPEDECK_JOBS_STEPS_STEP_JOB_H
#define TAPEDECK_JOBS_STEPS_STEP_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/magic.h"
#include "clients/http.h"
#include "followups/server.h"
#include "followups/step.h"
#include "speech/answer.h"
#include "speech/business_speech.h"

struct step_end {
    bool retry;               /* a failed attempt, to be tried again while tries are left */
    enum step_status status;  /* what the step is now, or when no tries are left */
    struct run_reason reason; /* code NULL: none */
    int64_t retry_after_ms;   /* what the server asked for, or 0 */
    bool waits;               /* it was no failed attempt, and is due after just that */
};

enum { STEP_TEXT_SIZE = 512, STEP_URL_SIZE = 4200 };

/* What a server said when it refused: for the log, and as a reason's text. */
struct step_said {
    long status;
    char host[SERVER_HOST_SIZE];  /* "" where none did */
    char words[ANSWER_SAID_SIZE]; /* without secrets */
    char text[STEP_TEXT_SIZE];
};

struct step_job {
    struct magic magic; /* its kind's: it is the beginning of the kind's own struct */
    const struct step_kind *kind;
    const struct app *app;
    struct http *http;
    struct step step;
    bool ended;
    struct step_end end;
    struct step_said said;
};

struct step_kind {
    struct magic magic;
    size_t size; /* of the job's own struct, which begins with a struct step_job */
    /* Begins; may end at once. */
    void (*start)(struct step_job *job);
    /* Looks after what gives no sign through http_poll; NULL: nothing does. */
    void (*tick)(struct step_job *job);
    /* A descriptor to wake up for, or -1; NULL: none. */
    int (*fd)(struct step_job *job);
    /* Saves what was found out, in the transaction that ends the step as `status`. */
    enum result (*save)(struct step_job *job, enum step_status status);
    /* Lets go of everything but the job itself, ended or not. */
    void (*drop)(struct step_job *job);
};

extern const struct step_kind TRANSCRIBE_KIND, SUMMARISE_KIND, NOTIFY_KIND;

/* The ends of a job. */
void step_job_end(struct step_job *job, enum step_status status, const struct run_reason *reason);
void step_job_try_again(struct step_job *job, const struct run_reason *reason, int64_t after_ms);

/* It begins anew after that time, and that costs it no attempt. */
void step_job_wait(struct step_job *job, const struct run_reason *reason, int64_t after_ms);

/* Ends it for what PostgreSQL did not say. */
void step_job_no_database(struct step_job *job);

/* `base` with `path` behind it, and before its query, unless it is a whole endpoint already. NULL
 * when it does not fit. */
const char *step_job_url(const char *base, const char *path, char *out, size_t size);

/* True for an address of Azure's, or of a gateway before it: it takes a key as `api-key` (Azure
 * OpenAI REST API reference, "Authentication"). */
bool step_job_is_azure(const char *base);

/* What the call's business tells the models. False: the step's try has ended, for PostgreSQL. */
bool step_job_speech(struct step_job *job, struct business_speech *out);

#endif
