/*
 * Marks as JSON: members of the page of one call.
 */
#ifndef TAPEDECK_FCGI_HTTP_MARKS_JSON_H
#define TAPEDECK_FCGI_HTTP_MARKS_JSON_H

#include "app.h"
#include "clients/json.h"
#include "request.h"
#include "response.h"

/* Puts `notes`, as the caller sees them. */
enum result marks_json_put_notes(const struct app *app, const struct caller *caller,
                                 const char *call_sid, struct json *call);

/* Puts `heard_by`: who has listened to it. */
enum result marks_json_put_listeners(const struct app *app, const struct caller *caller,
                                     const char *call_sid, struct json *call);

/* Answers a change of the request's call that gave `result`: with all its marks (`status`), or with
 * what stands against it (mark_request_answer). */
void marks_json_answer(const struct app *app, const struct request *request, enum result result,
                       int status, const char *expected, struct response *response);

#endif
