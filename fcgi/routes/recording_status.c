#include "base/log.h"
#include "handlers.h"
#include "http/states.h"
#include "recordings/service.h"
#include "twilio/callback.h"

void handle_recording_status(const struct app *app, struct request *request,
                             struct response *response)
{
    struct recording_callback callback;
    enum result result = callback_recording(&request->form, &callback);
    if (result == RESULT_OK) {
        result = service_recording_event(app, &callback);
    }
    if (result != RESULT_OK && result != RESULT_EXISTS) {
        states_answer_failure(result, response);
        return;
    }
    log_event("RECORDING_EVENT", "sid=%s recording=%s status=%s", callback.call_sid,
              callback.recording_sid, recording_status_name(callback.status));
    response_empty(response, 204);
}
