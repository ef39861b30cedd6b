/*
 * A finished file as an HTTP answer: conditionals, ranges, and who carries the bytes.
 *
 * The responder decides. Where the web server can carry the plain case exactly as we would (the
 * whole file, or one plain range), it is handed the file with a 200; everything else we send
 * ourselves, so that every front end gives the same answer, byte for byte (docs/webservers.md).
 */
#ifndef TAPEDECK_FCGI_SERVE_H
#define TAPEDECK_FCGI_SERVE_H

#include "app.h"
#include "recordings/file.h"
#include "request.h"
#include "response.h"

/* `disposition` is "inline", or an attachment with its name. A file that has just gone gives
 * RESULT_NOT_FOUND and no answer. */
enum result serve_file(const struct app *app, const struct request *request,
                       const struct file_facts *file, const char *disposition,
                       struct response *response);

#endif
