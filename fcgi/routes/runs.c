/*
 * Runs as people see them, and cancelling one.
 */
#include "handlers.h"
#include "http/run_json.h"
#include "http/states.h"
#include "recordings/service.h"
#include "runs/history.h"

static void add_run(void *context, const struct history_run *run)
{
    json_add(context, run_json(run));
}

void handle_runs_active(const struct app *app, struct request *request, struct response *response)
{
    struct json *runs = json_new_list();
    enum result result = history_each_active(app, request->caller.business_id, add_run, runs);
    if (result != RESULT_OK) {
        json_free(runs);
        states_answer_failure(result, response);
        return;
    }
    struct json *json = json_new();
    json_put(json, "runs", runs);
    response_json(response, 200, json);
}

static void keep_run(void *context, const struct history_run *run)
{
    struct json **json = context;
    *json = run_json(run);
}

void handle_run_status(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = NULL;
    enum result result =
        history_read(app, request->caller.business_id, request->run_id, keep_run, &json);
    if (result == RESULT_OK) {
        response_json(response, 200, json);
    } else if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_RUN_NOT_FOUND);
    } else {
        states_answer_failure(result, response);
    }
}

void handle_run_cancel(const struct app *app, struct request *request, struct response *response)
{
    struct json *json;
    enum result result = service_cancel(app, request->caller.business_id, request->run_id);
    switch (result) {
    case RESULT_OK:
        json = json_new();
        json_put_flag(json, "ok", true);
        response_json(response, 200, json);
        return;
    case RESULT_NOT_FOUND: response_error(response, MESSAGE_RUN_NOT_FOUND); return;
    case RESULT_EXISTS: response_error(response, MESSAGE_RUN_FINISHED); return;
    default: states_answer_failure(result, response);
    }
}
