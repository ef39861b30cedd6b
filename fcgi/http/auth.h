/*
 * Who is asking (a session token in a cookie or as bearer, or Twilio by its signature), and from
 * which site.
 */
#ifndef TAPEDECK_FCGI_HTTP_AUTH_H
#define TAPEDECK_FCGI_HTTP_AUTH_H

#include <stdbool.h>

#include "app.h"
#include "base/result.h"
#include "request.h"
#include "response.h"

enum { COOKIE_VALUE_SIZE = 4100 };

/* The bearer token (COOKIE_VALUE_SIZE bytes); "" when it is too long. False: there is none. */
bool auth_bearer(const struct request *request, char *out);

/* Fills request->caller from the bearer token, else from the cookie. RESULT_DENIED when neither
 * holds; RESULT_TOO_BIG when one does not and this address has failed too often lately. `token`
 * (COOKIE_VALUE_SIZE bytes) gets the token itself; may be NULL. */
enum result auth_session(const struct app *app, struct request *request, char *token);

/* RESULT_OK for the bearer of METRICS_TOKEN, RESULT_NOT_FOUND when there is none; RESULT_DENIED and
 * RESULT_TOO_BIG as above. */
enum result auth_metrics(const struct app *app, struct request *request);

/* Counts a token or link that does not hold against the address it came from, as the web server
 * reports it. RESULT_DENIED; RESULT_TOO_BIG after SIGNIN_FAILURES within SIGNIN_WINDOW. One that
 * holds is never refused for what its neighbours did. */
enum result auth_strike(const struct app *app, struct request *request);

/* The answer to whoever is not signed in: 401, and `login_url` where LOGIN_URL says how. */
void auth_answer_nobody(const struct app *app, struct response *response);

/* The answer to whoever failed too often: 429, and when the window ends. */
void auth_answer_too_often(const struct request *request, struct response *response);

/* RESULT_DENIED, with the cause in the log, unless the form is signed by Twilio. Reads the form
 * first, with its results; RESULT_INVALID is in the log, too. */
enum result auth_twilio(const struct app *app, struct request *request);

/* May a change that rides on the cookie come from here? Our own origin may, and those in
 * ALLOWED_ORIGINS; a request that names no origin may not. */
bool auth_origin_may_change(const struct app *app, const struct request *request);

/* CORS headers for an allowed origin, and Vary for all. */
void auth_cors(const struct app *app, const struct request *request, struct response *response);

#endif
