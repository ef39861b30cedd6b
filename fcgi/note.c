#include "note.h"

#include "recordings/audit.h"

void note_playback(const struct app *app, const struct request *request,
                   const struct response *response, int64_t business_id, const char *action,
                   const char *subject)
{
    if ((response->status != 200 && response->status != 206) || request->method == METHOD_HEAD) {
        return;
    }
    struct audit_note note = {
        .business_id = business_id,
        .call_sid = request->call_sid,
        .action = action,
        .subject = subject,
        .address = request_header(request, "REMOTE_ADDR"),
    };
    audit_post(app, &note);
}
