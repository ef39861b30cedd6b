/*
 * Asks the provider who took part in conferences of which no call is known: as many as are due, but
 * a bounded number at a time. What it says goes the way of a conference's callback.
 */
#ifndef TAPEDECK_JOBS_PROVIDER_CONFERENCES_H
#define TAPEDECK_JOBS_PROVIDER_CONFERENCES_H

#include "app.h"
#include "base/result.h"
#include "clients/http.h"

/* RESULT_FAILED when an account refused or did not answer: a line on stderr says so, and its
 * conferences are not asked about for an hour. RESULT_UNAVAILABLE: PostgreSQL did not answer. */
enum result conferences_ask(const struct app *app, struct http *http);

#endif
