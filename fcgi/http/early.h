/*
 * Sound before the download is done: a play link's answer while the recording still arrives.
 *
 * A Range gets the bytes that are there after its start, at most a piece, as a 206 with the true
 * total and the entity tag that the finished file will have. The responder waits until there are
 * enough bytes to be useful, and longer when the start is not here yet. Both waits are short, and
 * at most half of the responders wait at a time (wait.h). From an <audio> element some bytes at the
 * edge are kept back: Firefox's takes an answer without a byte for the end, so it gets one after
 * each wait, and asks again. No byte of another attempt is ever sent under the same tag
 * (storage/file.h).
 */
#ifndef TAPEDECK_FCGI_HTTP_EARLY_H
#define TAPEDECK_FCGI_HTTP_EARLY_H

#include "app.h"
#include "request.h"
#include "response.h"

enum {
    EARLY_PIECE_WAIT_MS = 250,  /* for a worthwhile piece */
    EARLY_START_WAIT_MS = 2000, /* for the first byte asked for */
    EARLY_RESERVE = 1024,       /* bytes: one for each such wait, for longer than any stall */
};

/* Answers a request for what its path names. RESULT_NOT_FOUND, and no answer: nothing arrives under
 * this name, or the request is for the whole, which is not here. */
enum result early_answer(const struct app *app, const struct request *request,
                         struct response *response);

#endif
