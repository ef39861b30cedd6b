#include "note.h"

#include <string.h>

#include "observe/audit.h"

void note_playback(const struct app *app, const struct request *request,
                   const struct response *response, int64_t business_id, const char *name,
                   const char *action, const char *subject)
{
    bool is_link = strcmp(action, "link") == 0;
    bool given = response->status == 200 || response->status == 206 || response->status == 307 ||
                 (response->status == 202 && is_link);
    if (!given || request->method == METHOD_HEAD) {
        return;
    }
    struct audit_note note = {
        .business_id = business_id,
        .call_sid = name,
        .action = action,
        .subject = subject,
        .address = request_header(request, "REMOTE_ADDR"),
        .once_ms = is_link ? app->config->play_link_ttl : 0,
    };
    audit_post(app, &note);
}
