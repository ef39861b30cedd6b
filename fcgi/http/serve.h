/*
 * A finished file as an HTTP answer: conditionals, ranges, and who sends the bytes.
 *
 * The responder decides. What is asked for in a way that every web server reads as we do (the whole
 * file, or one plain range) it hands to the web server, with a 200. We send everything else
 * ourselves, so that every web server gives the same answer (docs/webservers.md): several ranges,
 * or one written in another way, and of these no more than a piece.
 */
#ifndef TAPEDECK_FCGI_HTTP_SERVE_H
#define TAPEDECK_FCGI_HTTP_SERVE_H

#include "app.h"
#include "range.h"
#include "request.h"
#include "response.h"
#include "storage/file.h"

/* `disposition` is "inline", or an attachment with its name. A file that has just gone gives
 * RESULT_NOT_FOUND and no answer. */
enum result serve_file(const struct app *app, const struct request *request,
                       const struct file_facts *file, const char *disposition,
                       struct response *response);

/* The same for a recording whose bytes come from elsewhere; its facts are those of the file that it
 * was. */
void serve_source(const struct app *app, const struct request *request,
                  const struct file_facts *file, const struct response_source *source,
                  const char *disposition, struct response *response);

/* The same for a part of a recording: `size` bytes, of which `front` are the first. It is never
 * handed to the web server. `source` is NULL where the file is here; else RESULT_NOT_FOUND is as of
 * serve_file. */
enum result serve_part(const struct app *app, const struct request *request,
                       const struct file_facts *file, const struct response_source *source,
                       const struct response_front *front, int64_t size, struct response *response);

/*
 * The pieces of that, for a recording of which not everything is here (early.h); its facts are what
 * they will be. serve_conditional answers 304 and 412 and gives true; else `range` is the Range
 * header that counts, or NULL. serve_ranges sends bytes that are here, and owns `fd` from then on.
 */
bool serve_conditional(const struct request *request, const struct file_facts *file,
                       const char **range, struct response *response);
void serve_unsatisfiable(const struct file_facts *file, struct response *response);
void serve_ranges(const struct file_facts *file, int fd, const struct range_set *parts,
                  struct response *response);

/* A finished file that is no recording, always whole, which clients may keep and ask about. */
enum result serve_document(const struct request *request, const struct file_facts *file,
                           const char *content_type, struct response *response);

/* The same for one whose bytes come from elsewhere: `fetch` adds them to `body`, and is not called
 * where the client has them. Gives what it gave; there is an answer when that is RESULT_OK. */
typedef enum result serve_fetch(void *context, struct buf *body);
enum result serve_fetched(const struct request *request, const struct file_facts *file,
                          const char *content_type, serve_fetch *fetch, void *context,
                          struct response *response);

#endif
