/*
 * Who is asking: a session token in a cookie or as bearer, Twilio by its signature; and from which
 * site.
 */
#ifndef TAPEDECK_FCGI_AUTH_H
#define TAPEDECK_FCGI_AUTH_H

#include <stdbool.h>

#include "app.h"
#include "base/result.h"
#include "request.h"
#include "response.h"

enum { COOKIE_VALUE_SIZE = 4100 };

/* Fills request->caller from the bearer token, else from the cookie. RESULT_DENIED when neither
 * holds. `token` (COOKIE_VALUE_SIZE bytes) gets the token itself; may be NULL. */
enum result auth_session(const struct app *app, struct request *request, char *token);

/* RESULT_DENIED, with the cause in the log, unless the form is signed by Twilio. Reads the form
 * first: RESULT_TOO_BIG, RESULT_INVALID. */
enum result auth_twilio(const struct app *app, struct request *request);

/* May a change that rides on the cookie come from here? Our own origin may, and those in
 * ALLOWED_ORIGINS; a request that names no origin may not. */
bool auth_origin_may_change(const struct app *app, const struct request *request);

/* CORS headers for an allowed origin, and Vary for all. */
void auth_cors(const struct app *app, const struct request *request, struct response *response);

#endif
