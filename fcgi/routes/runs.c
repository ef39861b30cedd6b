/*
 * Runs as people see them, and cancelling one.
 */
#include "base/magic.h"
#include "handlers.h"
#include "http/run_id.h"
#include "http/run_json.h"
#include "http/states.h"
#include "recordings/service.h"
#include "runs/history.h"

struct shown {
    struct magic magic;
    const struct app *app;
    struct json *json; /* a list, or one run */
};

static void add_run(void *context, const struct history_run *run)
{
    struct shown *shown = CHECKED(shown, context);
    json_add(shown->json, run_json(shown->app, run));
}

void handle_runs_active(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = json_new();
    struct shown runs = {.magic = MAGIC(shown), .app = app, .json = json_put_list(json, "runs")};
    states_answer_json(history_each_active(app, request->caller.business_id, add_run, &runs), json,
                       response);
}

static void keep_run(void *context, const struct history_run *run)
{
    struct shown *shown = CHECKED(shown, context);
    shown->json = run_json(shown->app, run);
}

void handle_run_status(const struct app *app, struct request *request, struct response *response)
{
    struct shown run = {.magic = MAGIC(shown), .app = app};
    enum result result = history_read(app, request->caller.business_id,
                                      run_id_meant(app, request->run_id), keep_run, &run);
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_RUN_NOT_FOUND);
    } else {
        states_answer_json(result, run.json, response);
    }
}

void handle_run_cancel(const struct app *app, struct request *request, struct response *response)
{
    struct json *json;
    int64_t run_id = run_id_meant(app, request->run_id);
    enum result result = service_cancel(app, request->caller.business_id, run_id);
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
