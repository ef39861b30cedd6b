/*
 * Every address we answer, in one table, and the gate in front of it.
 *
 * The gate checks, in this order: is there such a path, does it take this method, are path and
 * query well-formed and known, may this caller; only then does a handler run. What a handler gets
 * has passed all of it.
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
