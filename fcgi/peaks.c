/*
 * The waveform of a recording. Where it is not there yet, a runner is asked for it; where the
 * recording is not here yet, the answer is the file route's.
 */
#include "handlers.h"
#include "recordings/queue.h"
#include "recordings/service.h"
#include "serve.h"
#include "states.h"

static void answer_wanted(const struct app *app, const struct request *request,
                          const struct look *look, struct response *response)
{
    (void)queue_want_peaks(app, request->caller.business_id, look->file_sid);
    response_json(response, 202, response_message(MESSAGE_PROCESSING));
    response_header_int(response, "Retry-After", (app->config->retry_after + 999) / 1000);
}

static void answer_ready(const struct app *app, const struct request *request,
                         const struct look *look, struct response *response)
{
    struct file_facts peaks;
    switch (file_peaks_find(app->config, request->caller.business_id, look->file_sid, &look->file,
                            &peaks)) {
    case RESULT_OK:
        if (serve_document(request, &peaks, "application/json; charset=utf-8", response) ==
            RESULT_OK) {
            return;
        }
        break;
    case RESULT_INVALID: response_error(response, MESSAGE_NO_PEAKS); return;
    default: break;
    }
    if (look->remote) { /* nobody here has the sound to make it from */
        response_error(response, MESSAGE_NO_PEAKS);
        return;
    }
    answer_wanted(app, request, look, response);
}

void handle_peaks(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    enum result result =
        service_request(app, request->caller.business_id, request->call_sid, &look);
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    } else if (look.state == STATE_READY) {
        answer_ready(app, request, &look, response);
    } else {
        states_answer(&look, response);
    }
}
