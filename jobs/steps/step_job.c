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
    const char *query = base + strcspn(base, "?"); /* Azure's api-version */
    size_t len = (size_t)(query - base);
    bool whole = false;
    while (len > 0 && base[len - 1] == '/') {
        len--;
    }
    for (size_t i = 0; i < sizeof WHOLE / sizeof *WHOLE; i++) {
        whole = whole || ends_with(base, len, WHOLE[i]);
    }
    int n = snprintf(out, size, "%.*s%s%s", (int)len, base, whole ? "" : path, query);
    return n > 0 && (size_t)n < size ? out : NULL;
}

bool step_job_is_azure(const char *base)
{
    static const char *const HOSTS[] = {".openai.azure.", ".cognitiveservices.azure.",
                                        ".services.ai.azure."};
    char host[SERVER_HOST_SIZE];
    bool found = strstr(base, "/openai/deployments/") != NULL || strstr(base, "?api-version=") ||
                 strstr(base, "&api-version=");
    (void)server_host(base, host, sizeof host);
    for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++) {
        found = found || strstr(host, HOSTS[i]) != NULL;
    }
    return found;
}

bool step_job_speech(struct step_job *job, struct business_speech *out)
{
    bool good = transcript_business_speech(job->app, job->step.business_id, out) == RESULT_OK;
    if (!good) {
        step_job_no_database(job);
    }
    return good;
}
