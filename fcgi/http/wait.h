/*
 * Waiting within a request. It is limited by time, and by how many responders of this host may wait
 * at a time. When too many wait, or Redis does not answer, the answer comes at once.
 *
 * `Prefer: wait=N` (RFC 7240, 4.3): the answer comes as soon as the recording is ready or can be
 * played early, so that nobody has to wait for the next poll.
 */
#ifndef TAPEDECK_FCGI_HTTP_WAIT_H
#define TAPEDECK_FCGI_HTTP_WAIT_H

#include "app.h"
#include "clients/crypto.h"
#include "recordings/service.h"
#include "request.h"

enum { WAIT_MAX_MS = 2000, WAIT_TOKEN_SIZE = CRYPTO_TOKEN_SIZE };

/* How long the client would wait, in milliseconds, 0 to WAIT_MAX_MS. */
int64_t wait_preferred(const struct request *request);

/* Looks again until the recording is neither processing nor queued, or playable, or the wait is
 * over. Gives what the last look gave. */
enum result wait_for_change(const struct app *app, const struct request *request,
                            struct look *look);

/* A place to wait in for at most `ms`, given back by wait_end; `token` holds WAIT_TOKEN_SIZE. False
 * when there is none. */
bool wait_begin(const struct app *app, int64_t ms, char *token);
void wait_end(const struct app *app, const char *token);

#endif
