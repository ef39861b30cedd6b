#include "recordings/call.h"
#include "call_json.h"
#include "handlers.h"
#include "recordings/history.h"
#include "run_json.h"
#include "states.h"

struct detail {
    const struct app *app;
    int64_t business_id;
    struct json *json;
};

static void put_call(void *context, const struct call_row *row)
{
    struct detail *detail = context;
    detail->json = call_json(detail->app, detail->business_id, row);
    json_put_text(detail->json, "transcript", row->transcript);
}

static void add_run(void *context, const struct history_run *record)
{
    const struct detail *detail = context;
    json_add(detail->json, run_json(record));
}

void handle_call(const struct app *app, struct request *request, struct response *response)
{
    struct detail call = {.app = app, .business_id = request->caller.business_id};
    struct detail runs = call;
    enum result result = call_read(app, call.business_id, request->call_sid, put_call, &call);
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_CALL_NOT_FOUND);
        return;
    }
    if (result == RESULT_OK) {
        runs.json = json_new_list();
        result = history_each_of_call(app, call.business_id, request->call_sid, add_run, &runs);
    }
    if (result != RESULT_OK) {
        json_free(call.json);
        json_free(runs.json);
        states_answer_failure(result, response);
        return;
    }
    json_put(call.json, "runs", runs.json);
    response_json(response, 200, call.json);
}
