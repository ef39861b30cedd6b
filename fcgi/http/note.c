#include "note.h"

#include <stdio.h>

#include "grant.h"

/* Was something given? A link's 202 has one, too. */
static bool is_given(const struct request *request, const struct response *response,
                     enum audit_action action)
{
    switch (response->status) {
    case 200:
    case 206:
    case 307: return request->method != METHOD_HEAD;
    case 202: return action == AUDIT_LINK && request->method != METHOD_HEAD;
    default: return false;
    }
}

static bool post(const struct app *app, const struct request *request,
                 const struct response *response, struct audit_note *note)
{
    if (!is_given(request, response, note->action)) {
        return false;
    }
    note->address = request_header(request, "REMOTE_ADDR");
    audit_post(app, note);
    return true;
}

static struct audit_note of_caller(const struct request *request, enum audit_action action,
                                   const char *name)
{
    return (struct audit_note){.action = action,
                               .business_id = request->caller.business_id,
                               .call_sid = name,
                               .subject = request->caller.subject};
}

void note_caller(const struct app *app, const struct request *request,
                 const struct response *response, enum audit_action action, const char *name)
{
    struct audit_note note = of_caller(request, action, name);
    (void)post(app, request, response, &note);
}

void note_link(const struct app *app, const struct request *request,
               const struct response *response, const struct audit_link *link)
{
    struct audit_note note = of_caller(request, AUDIT_LINK, request->call_sid);
    note.link = *link;
    (void)post(app, request, response, &note);
}

void note_media(const struct app *app, const struct request *request,
                const struct response *response, int64_t expires)
{
    struct audit_note note = {.action = AUDIT_MEDIA,
                              .business_id = request->business_id,
                              .call_sid = request->call_sid,
                              .link = {.name = request->call_sid, .expires = expires}};
    (void)post(app, request, response, &note);
}

void note_share(const struct app *app, const struct request *request,
                const struct response *response, const struct share_link *share)
{
    char subject[sizeof "share:" + CRYPTO_TOKEN_SIZE];
    (void)snprintf(subject, sizeof subject, "share:%s", share->id);
    struct audit_note note = {.action = AUDIT_SHARED,
                              .business_id = share->business_id,
                              .call_sid = share->name,
                              .subject = subject};
    (void)post(app, request, response, &note);
}

void note_file(const struct app *app, const struct request *request, const struct file_facts *file,
               struct response *response)
{
    struct audit_note note = of_caller(request, AUDIT_FILE, request->call_sid);
    if (post(app, request, response, &note) && file != NULL) {
        grant_give(app, request, file, response);
    }
}
