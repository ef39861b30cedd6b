/*
 * Somebody outside who listens by a share (shared/marks/share_link.h): who he is, and what he may
 * see. His token opens the one recording of his share; the share's row is asked at each request.
 */
#ifndef TAPEDECK_FCGI_HTTP_LISTENER_H
#define TAPEDECK_FCGI_HTTP_LISTENER_H

#include "app.h"
#include "marks/share_link.h"
#include "recordings/service.h"
#include "request.h"
#include "response.h"

/* A share, as its listener needs it; its texts are in `json`, which the caller frees: `label`,
 * `called_at`, `expires_at`, `listenings_left`. */
struct listener_share {
    struct share_link link;
    struct json *json;
};

/* The share of a token that came as text. RESULT_INVALID: it is no token at all. RESULT_DENIED:
 * forged, over, or none of this kind (`listening`: a listening token, else a share token).
 * RESULT_LOST: the share has ended. */
enum result listener_open(const struct app *app, const char *text, bool listening,
                          struct share_token *token, struct listener_share *share);

/* Fills request->caller from a listening token as bearer, for the recording that the path names.
 * RESULT_INVALID: the bearer is no such token, and may be a session's. RESULT_LOST as above.
 * RESULT_NOT_FOUND: it is another recording. RESULT_DENIED, RESULT_TOO_BIG: as of auth_session. */
enum result listener_auth(const struct app *app, struct request *request);

/* Answers for all results above but RESULT_OK and RESULT_INVALID. */
void listener_refuse(const struct request *request, enum result result, struct response *response);

/* Whether a caller is one. */
bool listener_is(const struct caller *caller);

/* Takes out of a look what is no business of his. */
void listener_narrow(struct look *look);

/* His address for the sound. False without memory. */
bool listener_url(const struct app *app, const struct share_token *token, struct buf *out);

#endif
