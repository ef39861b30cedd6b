#include "mark_request.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "calls/recording.h"
#include "parameter.h"
#include "states.h"

enum result mark_request_by(const struct request *request, const char *whom, bool for_all,
                            struct mark_by *by)
{
    bool all = whom != NULL && strcmp(whom, "all") == 0;
    *by = (struct mark_by){.business_id = request->caller.business_id,
                           .call_sid = request->call_sid,
                           .subject = request->caller.subject,
                           .address = request_header(request, "REMOTE_ADDR"),
                           .for_all = whom != NULL ? all : for_all};
    if (whom != NULL && !all && strcmp(whom, "me") != 0) {
        return RESULT_INVALID;
    }
    return by->subject[0] != '\0' ? RESULT_OK : RESULT_DENIED;
}

bool mark_request_text(const struct json *json, const char *key, const char **out)
{
    *out = json_text_at(json, key);
    return *out != NULL || json_is_none(json_member(json, key));
}

bool mark_request_moment(const struct json *json, const char *key, int64_t *out_ms)
{
    *out_ms = json_seconds_at(json, key, -1);
    return *out_ms >= 0 || json_is_none(json_member(json, key));
}

enum result mark_request_recording(const struct app *app, const struct request *request,
                                   const struct json *json, const char **sid, char name[SID_SIZE])
{
    if (!mark_request_text(json, "recording", sid)) {
        return RESULT_INVALID;
    }
    if (*sid == NULL || strcmp(*sid, request->call_sid) == 0) {
        *sid = NULL;
        (void)snprintf(name, SID_SIZE, "%s", request->call_sid);
        return RESULT_OK;
    }
    return text_is_sid(*sid, "RE")
               ? recording_name_of(app, request->caller.business_id, request->call_sid, *sid, name)
               : RESULT_INVALID;
}

void mark_request_answer(enum result result, int status, struct json *json, const char *expected,
                         struct response *response)
{
    if (result == RESULT_OK) {
        response_json(response, status, json);
        return;
    }
    json_free(json);
    switch (result) {
    case RESULT_NOT_FOUND: response_error(response, MESSAGE_CALL_NOT_FOUND); break;
    case RESULT_TOO_BIG: response_error(response, MESSAGE_TOO_MANY_MARKS); break;
    case RESULT_DENIED: response_error(response, MESSAGE_NO_SUBJECT); break;
    case RESULT_INVALID: parameter_refuse_as("body", expected, response); break;
    default: states_answer_failure(result, response); break;
    }
}
