#include <stdio.h>

#include "calls/recording.h"
#include "handlers.h"
#include "http/note.h"
#include "http/parameter.h"
#include "http/remote.h"
#include "http/states.h"
#include "recordings/service.h"

/* attachment; filename="recording_<date>_<number>.<ext>"; without PostgreSQL the call's SID has to
 * do. All parts are digits and plain letters, so no quoting is needed. */
static void name_it(const struct app *app, const struct request *request,
                    const struct file_facts *file, char *out, size_t size)
{
    struct call_label label = {.date = ""};
    bool known =
        call_label(app, request->caller.business_id, request->call_sid, &label) == RESULT_OK &&
        label.date[0] != '\0';
    int n = snprintf(out, size, "attachment; filename=\"recording_%s%s%s.%s\"",
                     known ? label.date : request->call_sid, label.number[0] != '\0' ? "_" : "",
                     label.number, audio_extension(file->kind));
    if (n < 0 || (size_t)n >= size) {
        (void)snprintf(out, size, "attachment");
    }
}

/* What `?recording=` means, if it is one of this call's; without it the call's first. */
static enum result choose(const struct app *app, const struct request *request, char name[SID_SIZE])
{
    const char *wanted = form_get(&request->query, "recording");
    if (wanted != NULL && !text_is_sid(wanted, "RE")) {
        return RESULT_INVALID;
    }
    (void)snprintf(name, SID_SIZE, "%s", wanted != NULL ? wanted : request->call_sid);
    return wanted == NULL ? RESULT_OK
                          : recording_name_of(app, request->caller.business_id, request->call_sid,
                                              wanted, name);
}

void handle_download(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    char disposition[160];
    char name[SID_SIZE];
    enum result result = choose(app, request, name);
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_CALL_NOT_FOUND);
        return;
    }
    if (result == RESULT_INVALID) {
        parameter_answer_json(RESULT_INVALID, "recording", NULL, response);
        return;
    }
    /* What is here plays without PostgreSQL, which would say whose other recording it is. */
    if (result == RESULT_OK || result == RESULT_UNAVAILABLE) {
        result = remote_request(app, request->caller.business_id, name, &look);
    }
    if (result == RESULT_OK && look.state == STATE_READY) {
        name_it(app, request, &look.file, disposition, sizeof disposition);
        result =
            remote_or_file(app, request, request->caller.business_id, &look, disposition, response);
    } else if (result == RESULT_OK) {
        states_answer(&look, response);
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    }
    note_caller(app, request, response, AUDIT_DOWNLOAD, name);
}
