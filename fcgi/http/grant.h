/*
 * What a web server may answer itself for a while: the same person, from the same place, asking for
 * the same recording again, as a player does for each range.
 *
 * Only a web server that says that it understands grants is given one (fcgi/front/granted.lua), and
 * takes the header out of the answer.
 */
#ifndef TAPEDECK_FCGI_HTTP_GRANT_H
#define TAPEDECK_FCGI_HTTP_GRANT_H

#include "app.h"
#include "request.h"
#include "response.h"
#include "storage/file.h"

/* How long a grant is good for, and never longer than the token it was given for. */
enum { GRANT_S = 60 };

/* Adds a grant for `file` to an answer that sends it, where the web server is to carry bytes. */
void grant_give(const struct app *app, const struct request *request, const struct file_facts *file,
                struct response *response);

#endif
