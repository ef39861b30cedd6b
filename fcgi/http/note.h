/*
 * The audit note of a request: each recording that is sent, each play link that is given to a
 * listener, each transcript and list that is read. Nothing of that goes out unnoted, and where
 * nothing goes out (HEAD, an error, "not modified") nothing is noted.
 */
#ifndef TAPEDECK_FCGI_HTTP_NOTE_H
#define TAPEDECK_FCGI_HTTP_NOTE_H

#include "app.h"
#include "marks/share_link.h"
#include "observe/audit.h"
#include "request.h"
#include "response.h"
#include "storage/file.h"

/* Notes what the caller was given of his business: `name` is the recording's, or its call's; "" of
 * no one call. */
void note_caller(const struct app *app, const struct request *request,
                 const struct response *response, enum audit_action action, const char *name);

/* The same for a link that was given to him. `link` says which; without a name it is none of ours.
 */
void note_link(const struct app *app, const struct request *request,
               const struct response *response, const struct audit_link *link);

/* What was sent by a play link that ends at `expires`. */
void note_media(const struct app *app, const struct request *request,
                const struct response *response, int64_t expires);

/* What was sent of a share: who listened is "share:" and its id. */
void note_share(const struct app *app, const struct request *request,
                const struct response *response, const struct share_link *share);

/* A recording that was sent to a caller by the file route. What was noted, and nothing else, may
 * be sent again by the web server for a while, where it is `file` (NULL: it is elsewhere). */
void note_file(const struct app *app, const struct request *request, const struct file_facts *file,
               struct response *response);

#endif
