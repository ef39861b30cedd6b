/*
 * One request to the provider's API; the caller waits for the answer. It goes to the account's own
 * host, with the account's own credentials; where there are two tokens and the first is refused
 * (401), with the other one. When the API is Twilio's own, it connects only to a public address.
 */
#ifndef TAPEDECK_JOBS_PROVIDER_PROVIDER_API_H
#define TAPEDECK_JOBS_PROVIDER_PROVIDER_API_H

#include "app.h"
#include "base/buf.h"
#include "base/result.h"
#include "clients/http.h"

struct provider_api_answer {
    enum http_outcome outcome;
    long status;
    struct buf body;
};

/* Asks for `uri`, "/2010-04-01/Accounts/…"; keeps at most `body_max` bytes of the answer.
 * RESULT_OK: `answer` says how it ended, whatever that is. RESULT_TOO_BIG: `uri` is too long. Free
 * with provider_api_free in any case. */
enum result provider_api_request(const struct app *app, struct http *http, const char *account,
                                 enum http_method method, const char *uri, size_t body_max,
                                 struct provider_api_answer *answer);
void provider_api_free(struct provider_api_answer *answer);

#endif
