/*
 * The API's description of itself: OpenAPI 3.1, made from the table of routes.
 *
 * Paths, methods, parameters, who may ask, and the errors of the gate are that table's. What each
 * route answers is in fcgi/describe/, an object a file:
 *
 *   "routes":  by "METHOD /path", {summary, answers, errors}. `answers` has for each status the
 *              name of a schema, or a whole Response Object; `errors` are codes of http/messages.c.
 *   "schemas": JSON Schemas by name; an object that names no `required` members has all it has.
 *
 * HEAD is described as GET without a body. tests/check/test_described.py holds that nothing is
 * missing.
 */
#ifndef TAPEDECK_FCGI_OPENAPI_H
#define TAPEDECK_FCGI_OPENAPI_H

#include "http/response.h"
#include "route.h"

void openapi_answer(const struct route *routes, size_t count, struct response *response);

#endif
