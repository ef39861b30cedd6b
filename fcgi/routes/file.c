#include "base/clock.h"
#include "handlers.h"
#include "http/note.h"
#include "http/remote.h"
#include "http/states.h"
#include "recordings/confirmed.h"
#include "recordings/service.h"

void handle_file(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    int64_t business_id = request->caller.business_id;
    enum result result = RESULT_OK;
    bool sends_file = false;
    if (!service_was_ready(app, business_id, request->call_sid, &look)) {
        result = remote_request(app, business_id, request->call_sid, &look);
        if (result == RESULT_OK && look.state == STATE_READY && look.has_facts && !look.remote) {
            confirmed_note(app->confirmed, business_id, request->call_sid, clock_monotonic_ms());
        }
    }
    if (result == RESULT_OK && look.state == STATE_READY) {
        result = remote_or_file(app, request, business_id, &look, "inline", response);
        sends_file = result == RESULT_OK && !look.remote;
    } else if (result == RESULT_OK) {
        states_answer(&look, response);
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    }
    note_file(app, request, sends_file ? &look.file : NULL, response);
}
