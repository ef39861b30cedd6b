/*
 * The step that tells others: a delivery for each webhook of the business. They are sent, and sent
 * again, by deliveries.c.
 */
#include "followups/delivery.h"
#include "step_job.h"

static void start(struct step_job *job)
{
    step_job_end(job, STEP_DONE, NULL);
}

static enum result save(struct step_job *job, enum step_status status)
{
    return status == STEP_DONE ? delivery_make(job->app, job->step.business_id, job->step.call_sid)
                               : RESULT_OK;
}

static void drop(struct step_job *job)
{
    (void)job;
}

const struct step_kind NOTIFY_KIND = {.magic = MAGIC(step_job),
                                      .size = sizeof(struct step_job),
                                      .start = start,
                                      .save = save,
                                      .drop = drop};
