/*
 * What somebody would add to a call, as his request says it: who he is, to which recording, at
 * which moment; and what stands against it, as an answer.
 */
#ifndef TAPEDECK_FCGI_HTTP_MARK_REQUEST_H
#define TAPEDECK_FCGI_HTTP_MARK_REQUEST_H

#include "app.h"
#include "clients/json.h"
#include "marks/mark.h"
#include "request.h"
#include "response.h"

/* Who changes the request's call, and for whom: `whom` (me, all), for all or not where it is NULL.
 * RESULT_INVALID: it is neither. RESULT_DENIED: the session does not say whose it is. */
enum result mark_request_by(const struct request *request, const char *whom, bool for_all,
                            struct mark_by *by);

/* Members of a body that may be missing or null: then NULL, or -1. False: something else. */
bool mark_request_text(const struct json *json, const char *key, const char **out);
bool mark_request_moment(const struct json *json, const char *key, int64_t *out_ms);

/* The member `recording`, NULL for the call itself, and the name under which it is kept.
 * RESULT_NOT_FOUND: it is none of this call's; RESULT_INVALID: it is no name of one. */
enum result mark_request_recording(const struct app *app, const struct request *request,
                                   const struct json *json, const char **sid, char name[SID_SIZE]);

/* `json` with this status; or, where the result is not RESULT_OK, what stands against it: the call
 * is not there, has too many marks, the session is nobody's, or the body is not as `expected`.
 * Takes ownership of `json`. */
void mark_request_answer(enum result result, int status, struct json *json, const char *expected,
                         struct response *response);

#endif
