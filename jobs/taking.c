#include "taking.h"

#include "clients/crypto.h"
#include "ending.h"

_Static_assert(sizeof(((struct run_claim *)NULL)->token) >= CRYPTO_TOKEN_SIZE,
               "a lease's token fits");

enum result taking_lease(const struct app *app, const struct queue_job *job,
                         struct run_claim *claim)
{
    *claim = (struct run_claim){.job = *job};
    if (!crypto_token(claim->token)) {
        return RESULT_FAILED;
    }
    enum result result = queue_take(app, job, claim->token);
    /* The grant lapsed while nobody took it: the call is in line again, or will be. Or it was a
     * server that is the master no more, and knows nothing of the grant: it takes no writes. */
    if (result == RESULT_LOST &&
        queue_dispatch(app, job->business_id, NULL) == RESULT_UNAVAILABLE) {
        result = RESULT_UNAVAILABLE;
    }
    return result;
}

static void return_all(const struct app *app, const struct run_claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)queue_return(app, claims[i].job.business_id, claims[i].job.call_sid, claims[i].token);
    }
}

/* If Redis was emptied since the lease was taken, the slot may be somebody else's by now: nobody
 * could know of ours before the row said so. */
static enum result keep(const struct app *app, struct run_claim *claim)
{
    if (queue_renew(app, &claim->job, claim->token) != RESULT_LOST) {
        return RESULT_OK;
    }
    ending_hand_back(app, &claim->run);
    claim->ours = false;
    return RESULT_LOST;
}

enum result taking_claim(const struct app *app, struct run_claim *claims, size_t count)
{
    enum result result = run_claim(app, claims, count);
    if (result != RESULT_OK) {
        return_all(app, claims, count);
        return result;
    }
    for (size_t i = 0; i < count; i++) {
        struct run_claim *claim = &claims[i];
        if (!claim->ours) {
            (void)queue_release(app, claim->job.business_id, claim->job.call_sid, claim->token,
                                NULL);
        } else if (keep(app, claim) == RESULT_LOST) {
            result = RESULT_LOST;
        }
    }
    return result;
}
