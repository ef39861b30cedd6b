#include "step_job.h"

#include <stdio.h>
#include <string.h>

#include "calls/transcript.h"

void step_job_end(struct step_job *job, enum step_status status, const struct run_reason *reason)
{
    job->ended = true;
    job->end = (struct step_end){.status = status};
    if (reason != NULL) {
        job->end.reason = *reason;
    }
}

void step_job_try_again(struct step_job *job, const struct run_reason *reason, int64_t after_ms)
{
    step_job_end(job, STEP_FAILED, reason);
    job->end.retry = true;
    job->end.retry_after_ms = after_ms;
}

void step_job_wait(struct step_job *job, const struct run_reason *reason, int64_t after_ms)
{
    step_job_try_again(job, reason, after_ms);
    job->end.waits = true;
}

void step_job_no_database(struct step_job *job)
{
    static const struct run_reason REASON = {"database", "The database did not answer."};
    step_job_try_again(job, &REASON, 0);
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t tail = strlen(end);
    return len >= tail && memcmp(text + len - tail, end, tail) == 0;
}

const char *step_job_url(const char *base, const char *path, char *out, size_t size)
{
    static const char *const WHOLE[] = {"/transcriptions", "/inference", "/completions"};
    size_t len = strcspn(base, "?"); /* Azure's api-version is a query */
    bool whole = false;
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) {
        whole = whole || ends_with(base, len, WHOLE[i]);
    }
    int n = snprintf(out, size, "%.*s%s%s", (int)len, base, whole ? "" : path, base + len);
    return n > 0 && (size_t)n < size ? out : NULL;
}

bool step_job_speech(struct step_job *job, struct business_speech *out)
{
    bool good = transcript_business_speech(job->app, job->step.business_id, out) == RESULT_OK;
    if (!good) {
        step_job_no_database(job);
    }
    return good;
}
