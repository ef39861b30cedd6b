/*
 * Who takes part in a conference: its recordings belong to each of these calls (Twilio,
 * "Conference events": participant-join and participant-leave name the call).
 */
#include "base/log.h"
#include "handlers.h"
#include "http/states.h"
#include "recordings/service.h"
#include "twilio/callback.h"

void handle_conference_status(const struct app *app, struct request *request,
                              struct response *response)
{
    struct conference_callback callback;
    enum result result = callback_conference(&request->form, &callback);
    if (result == RESULT_OK && callback.call_sid != NULL) {
        result = service_conference_event(app, &callback);
    }
    if (result != RESULT_OK && result != RESULT_EXISTS) {
        states_answer_failure(result, response);
        return;
    }
    log_event("CONFERENCE_EVENT", "conference=%s sid=%s", callback.conference_sid,
              callback.call_sid != NULL ? callback.call_sid : "-");
    response_empty(response, 204);
}
