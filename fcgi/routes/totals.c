/*
 * How many calls a filter finds, and how long they are together.
 */
#include "calls/call_search.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/call_query.h"
#include "http/note.h"
#include "http/parameter.h"

void handle_totals(const struct app *app, struct request *request, struct response *response)
{
    struct call_query query;
    struct call_totals totals = {.calls = 0};
    enum result result = call_query_read(request, &query);
    bool is_search = query.filter.search != NULL;
    if (result == RESULT_OK) {
        result = call_search_totals(app, request->caller.business_id, &query.filter, &totals);
    }
    call_query_free(&query);
    struct json *json = json_new();
    json_put_int(json, "calls", totals.calls);
    json_put_int(json, "seconds", totals.seconds);
    json_put_int(json, "missed", totals.missed);
    json_put_int(json, "inbound", totals.inbound);
    json_put_int(json, "outbound", totals.outbound);
    json_put(json, "talk", call_json_talk(totals.agent_ms, totals.customer_ms, totals.silence_ms));
    json_put_flag(json, "complete", totals.complete);
    parameter_answer_json(result, "search", json, response);
    note_caller(app, request, response, is_search ? AUDIT_SEARCH : AUDIT_LIST, "");
}
