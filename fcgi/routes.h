/*
 * The table of all routes, and the gate in front of it.
 *
 * The gate checks, in this order: does the path exist, does it take this method, are path and query
 * well-formed and known, may this caller ask. Only a request that has passed all checks reaches a
 * handler.
 */
#ifndef TAPEDECK_FCGI_ROUTES_H
#define TAPEDECK_FCGI_ROUTES_H

#include "app.h"
#include "http/request.h"
#include "http/response.h"

/* Answers a request, whatever it is. `begun` is what request_begin gave. */
void routes_answer(const struct app *app, struct request *request, enum result begun,
                   struct response *response);

#endif
