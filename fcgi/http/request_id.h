/*
 * A name for each request: in the header X-Request-Id of its answer, and in the log where it
 * failed.
 *
 * A proxy in front may have named it already: then that name stays, if it has 1 to 64 of the
 * characters A-Z a-z 0-9 . _ -
 */
#ifndef TAPEDECK_FCGI_HTTP_REQUEST_ID_H
#define TAPEDECK_FCGI_HTTP_REQUEST_ID_H

#include "clients/crypto.h"
#include "request.h"

/* Of one responder. */
struct request_ids {
    char process[CRYPTO_TOKEN_SIZE]; /* no other process has it */
    int64_t count;
    int64_t said_ms; /* when the log last heard of a failure */
    int64_t unsaid;  /* failures since */
};

/* False: there is no randomness. */
bool request_ids_begin(struct request_ids *ids);

/* Fills request->id. */
void request_id_give(struct request_ids *ids, struct request *request);

/* Logs an answer of 500 and above: REQUEST_FAILED, once a second, with the number of those in
 * between. */
void request_id_note(struct request_ids *ids, const struct request *request, int status,
                     int64_t took_us);

#endif
