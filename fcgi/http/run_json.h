/*
 * A run as JSON, as the API shows it.
 */
#ifndef TAPEDECK_FCGI_HTTP_RUN_JSON_H
#define TAPEDECK_FCGI_HTTP_RUN_JSON_H

#include "app.h"
#include "clients/json.h"
#include "runs/history.h"

/* The caller owns the result. */
struct json *run_json(const struct app *app, const struct history_run *record);

#endif
