/*
 * The audit note of a request: each file that is served, and each play link that is given to a
 * listener. A player that follows a download gets the link again with each answer; that is noted
 * only once while the link works.
 */
#ifndef TAPEDECK_FCGI_HTTP_NOTE_H
#define TAPEDECK_FCGI_HTTP_NOTE_H

#include "app.h"
#include "request.h"
#include "response.h"

/* Notes `action` ("link", "file", "download", "media") when the answer really gives audio or a
 * link: status 200 or 206, or a link's 202. `name` is the recording's, or its call's; `subject` is
 * NULL where nobody signed in. */
void note_playback(const struct app *app, const struct request *request,
                   const struct response *response, int64_t business_id, const char *name,
                   const char *action, const char *subject);

#endif
