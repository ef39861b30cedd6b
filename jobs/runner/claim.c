#include "claim.h"

#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "clients/crypto.h"
#include "ending.h"

_Static_assert(sizeof(((struct run_claim *)NULL)->token) >= CRYPTO_TOKEN_SIZE + sizeof ".64" - 1,
               "a lease's token fits, and the number of one of many");

struct taking {
    struct magic magic;
    const struct app *app;
    const struct queue_job *handed;
    struct run_claim *claims;
    size_t count;
    enum result result;
};

static bool is_handed(const struct taking *taking, const struct queue_job *job)
{
    const struct queue_job *handed = taking->handed;
    return handed != NULL && handed->business_id == job->business_id &&
           strcmp(handed->call_sid, job->call_sid) == 0;
}

/* The grant lapsed while nobody took it: the call is in line again, or will be. Or it was a server
 * that is the master no more, and knows nothing of the grant: it takes no writes. */
static void note_lapsed(struct taking *taking, const struct queue_job *job)
{
    enum result result = queue_dispatch(taking->app, job->business_id, NULL);
    if (is_handed(taking, job) && result == RESULT_UNAVAILABLE) {
        taking->result = result;
    }
}

static void note_taken(void *context, const struct queue_job *job, const char *token)
{
    struct taking *taking = CHECKED(taking, context);
    if (token == NULL) {
        note_lapsed(taking, job);
        return;
    }
    struct run_claim *claim = &taking->claims[taking->count++];
    *claim = (struct run_claim){.job = *job};
    (void)snprintf(claim->token, sizeof claim->token, "%s", token);
}

enum result claim_leases(const struct app *app, const struct queue_job *handed, size_t limit,
                         struct run_claim *claims, size_t *count, size_t *popped)
{
    struct taking taking = {.magic = MAGIC(taking), .app = app, .handed = handed, .claims = claims};
    enum result result = queue_take(app, handed, limit, note_taken, &taking, popped);
    *count = taking.count;
    return result == RESULT_OK ? taking.result : result;
}

static void return_all(const struct app *app, const struct run_claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)queue_return(app, claims[i].job.business_id, claims[i].job.call_sid, claims[i].token);
    }
}

/* If Redis was emptied since the leases were taken, slots may be somebody else's by now: nobody
 * could know of ours before the rows said so. */
static enum result keep_all(const struct app *app, struct run_claim *claims, size_t count)
{
    struct queue_hold holds[CLAIM_MAX];
    struct run_claim *held[CLAIM_MAX];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (claims[i].held) {
            held[n] = &claims[i];
            holds[n++] = (struct queue_hold){.business_id = claims[i].job.business_id,
                                             .call_sid = claims[i].job.call_sid,
                                             .token = claims[i].token};
        }
    }
    enum result result = RESULT_OK;
    if (n == 0 || queue_renew(app, holds, n) != RESULT_OK) {
        return result;
    }
    for (size_t i = 0; i < n; i++) {
        if (holds[i].lost) {
            ending_hand_back(app, &held[i]->run);
            held[i]->held = false;
            result = RESULT_LOST;
        }
    }
    return result;
}

enum result claim_rows(const struct app *app, struct run_claim *claims, size_t count)
{
    enum result result = run_claim(app, claims, count);
    if (result != RESULT_OK) {
        return_all(app, claims, count);
        return result;
    }
    for (size_t i = 0; i < count; i++) {
        struct run_claim *claim = &claims[i];
        if (!claim->held) {
            (void)queue_release(app, claim->job.business_id, claim->job.call_sid, claim->token,
                                NULL);
        }
    }
    return keep_all(app, claims, count);
}
