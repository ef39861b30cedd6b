/*
 * POST /webhook/recording_status, /webhook/call_status, /webhook/conference_status: what Twilio
 * tells of recordings, calls, and who takes part in a conference. The gate has checked the
 * signature, so whatever the fields say, it is 204.
 */
#include <string.h>

#include "handlers.h"
#include "http/states.h"
#include "recordings/intake.h"

enum { SAID_MAX = 64 };

/* business_id of the signed address as it came; "?" where that is no short text, or it came twice
 * with different values: it named a business, and which one would be a guess. */
static const char *business_said(const struct form *query)
{
    static const char NAME[] = "business_id";
    const char *said = form_get(query, NAME);
    if (!form_has(query, NAME)) {
        return NULL;
    }
    bool short_text = said != NULL && strnlen(said, SAID_MAX + 1) <= SAID_MAX && text_is_utf8(said);
    return short_text && !form_differs(query, NAME) ? said : "?";
}

static void take(const struct app *app, const struct request *request, enum callback_kind kind,
                 struct response *response)
{
    const struct intake intake = {
        .kind = kind,
        .business_said = business_said(&request->query),
        .form = &request->form,
        .body = buf_str(&request->body),
        .body_len = request->body.len,
    };
    enum result result = intake_take(app, &intake);
    if (result == RESULT_OK) {
        response_empty(response, 204);
    } else {
        states_answer_failure(result, response);
    }
}

void handle_recording_status(const struct app *app, struct request *request,
                             struct response *response)
{
    take(app, request, CALLBACK_RECORDING, response);
}

void handle_call_status(const struct app *app, struct request *request, struct response *response)
{
    take(app, request, CALLBACK_CALL, response);
}

void handle_conference_status(const struct app *app, struct request *request,
                              struct response *response)
{
    take(app, request, CALLBACK_CONFERENCE, response);
}
