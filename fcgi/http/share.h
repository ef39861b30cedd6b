/*
 * A business's share of this host's responders, where it asks for what is dear: a quarter of them,
 * at least one. Beyond that its requests are refused at once with 429 and Retry-After, so that
 * nobody else waits for it. Redis counts; when it is away, nobody is refused.
 */
#ifndef TAPEDECK_FCGI_HTTP_SHARE_H
#define TAPEDECK_FCGI_HTTP_SHARE_H

#include "app.h"
#include "clients/crypto.h"
#include "request.h"
#include "response.h"

struct share {
    char token[CRYPTO_TOKEN_SIZE]; /* "": there is nothing to give back */
};

/* False when it is used up; then the answer is written. A share is given back by share_end, or by
 * itself after ten seconds. */
bool share_begin(const struct app *app, const struct request *request, struct share *share,
                 struct response *response);
void share_end(const struct app *app, const struct request *request, const struct share *share);

#endif
