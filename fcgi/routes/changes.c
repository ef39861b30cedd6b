/*
 * What happened since one last asked: the rows of calls that are new or changed.
 */
#include "base/magic.h"
#include "calls/call_changes.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/parameter.h"

struct changes {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct json *calls;
};

static void add_call(void *context, const struct call_row *row)
{
    const struct changes *changes = CHECKED(changes, context);
    json_add(changes->calls, call_json(changes->app, changes->business_id, row));
}

void handle_changes(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = json_new();
    struct changes changes = {.magic = MAGIC(changes),
                              .app = app,
                              .business_id = request->caller.business_id,
                              .calls = json_put_list(json, "calls")};
    char now[CALL_MARK_SIZE] = "";
    bool more = false;
    enum result result =
        call_changes(app, changes.business_id, request->caller.subject,
                     form_get(&request->query, "since"), add_call, &changes, now, &more);
    json_put_text(json, "now", now);
    json_put_flag(json, "more", more);
    parameter_answer_json(result, "since", json, response);
}
