/*
 * Responders that send more than a piece (RANGE_PIECE) themselves.
 *
 * A piece goes into the buffers between a responder and the web server, so that nobody who does not
 * read holds up a responder. More than that only some responders of a host send at a time, each no
 * longer than a slow listener takes; then the answer breaks off, and a player asks for the rest.
 * docs/webservers.md says when a responder sends at all.
 */
#ifndef TAPEDECK_FCGI_HTTP_SENDING_H
#define TAPEDECK_FCGI_HTTP_SENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "clients/crypto.h"

enum {
    SENDING_STALL_S = 15,         /* nothing is taken for so long: the answer breaks off */
    SENDING_GRACE_MS = 30 * 1000, /* whoever is slow is borne with for so long, */
    SENDING_RATE = 32 * 1024,     /* and beyond that must take so many bytes a second */
};

/* May this responder send `bytes`? The place, `token` of CRYPTO_TOKEN_SIZE, is given back by
 * sending_end. Without Redis nobody counts, and everybody may: the token is "". */
bool sending_begin(const struct app *app, int64_t bytes, char *token);

/* "" is no place. */
void sending_end(const struct app *app, const char *token);

/* Is whoever has taken `bytes` in so many milliseconds too slow to be sent more? */
bool sending_is_over(int64_t bytes, int64_t took_ms);

#endif
