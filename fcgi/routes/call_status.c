#include "base/log.h"
#include "handlers.h"
#include "http/states.h"
#include "recordings/service.h"
#include "twilio/callback.h"

/* The business may be named by the signed URL. */
static enum result read_hint(const struct request *request, int64_t *hint)
{
    const char *text = form_get(&request->query, "business_id");
    *hint = 0;
    return text == NULL || text_int(text, 1, INT64_MAX, hint) ? RESULT_OK : RESULT_INVALID;
}

void handle_call_status(const struct app *app, struct request *request, struct response *response)
{
    struct call_callback callback;
    int64_t hint;
    enum result result = read_hint(request, &hint);
    if (result == RESULT_OK) {
        result = callback_call(&request->form, &callback);
    }
    if (result == RESULT_OK) {
        result = service_call_event(app, &callback, hint);
    }
    if (result == RESULT_NOT_FOUND) {
        char to[16];
        log_event("CALL_WITHOUT_BUSINESS", "sid=%s account=%s to=%s", callback.call_sid,
                  callback.account_sid, text_last_digits(callback.to, to));
        response_error(response, MESSAGE_BUSINESS_NOT_FOUND);
    } else if (result != RESULT_OK) {
        states_answer_failure(result, response);
    } else {
        response_empty(response, 204);
    }
}
