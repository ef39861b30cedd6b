/*
 * A grant lets the web server repeat the cached authorisation for 60 s: for the same person, from
 * the same address, for the same recording, as a player asks for each range.
 *
 * Only a web server that says that it understands grants gets one (fcgi/front/granted.lua). It
 * removes the header from the answer. What it sends leaves no note, so that a grant is given by
 * note.c alone, after a note.
 */
#ifndef TAPEDECK_FCGI_HTTP_GRANT_H
#define TAPEDECK_FCGI_HTTP_GRANT_H

#include "app.h"
#include "request.h"
#include "response.h"
#include "storage/file.h"

/* How long a grant is good for, and never longer than the token it was given for. */
enum { GRANT_S = 60 };

/* Adds a grant for `file` to an answer that has sent it, where the web server is to carry bytes. */
void grant_give(const struct app *app, const struct request *request, const struct file_facts *file,
                struct response *response);

#endif
