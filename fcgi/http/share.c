#include "share.h"

#include "runs/throttle.h"

enum { QUARTER = 4, LEASE_MS = 10 * 1000, RETRY_AFTER_S = 1 };

static int64_t share_of(int64_t responders)
{
    return responders < QUARTER ? 1 : responders / QUARTER;
}

bool share_begin(const struct app *app, const struct request *request, struct share *share,
                 struct response *response)
{
    enum result result = throttle_take_place(app, request->caller.business_id, LEASE_MS,
                                             share_of(app->config->responders), share->token);
    if (result == RESULT_LOST) {
        response_error(response, MESSAGE_TOO_MANY_REQUESTS);
        response_header_int(response, "Retry-After", RETRY_AFTER_S);
    }
    return result != RESULT_LOST;
}

void share_end(const struct app *app, const struct request *request, const struct share *share)
{
    throttle_leave_place(app, request->caller.business_id, share->token);
}
