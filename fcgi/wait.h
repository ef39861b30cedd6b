/*
 * `Prefer: wait=N` (RFC 7240, 4.3): the answer comes as soon as the recording is ready, so that
 * nobody waits for a poll to come round.
 *
 * Bounded twice: by WAIT_MAX_MS, and by how many responders of this host may wait at a time. Where
 * too many do, or Redis cannot tell, the answer comes at once.
 */
#ifndef TAPEDECK_FCGI_WAIT_H
#define TAPEDECK_FCGI_WAIT_H

#include "app.h"
#include "recordings/service.h"
#include "request.h"

enum { WAIT_MAX_MS = 2000 };

/* How long the client would wait, in milliseconds, 0 to WAIT_MAX_MS. */
int64_t wait_preferred(const struct request *request);

/* Looks again until the recording is neither processing nor queued, or the wait is over. Gives what
 * the last look gave. */
enum result wait_for_news(const struct app *app, const struct request *request, struct look *look);

#endif
