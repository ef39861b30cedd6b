/*
 * Recordings that are in the object store and not on this disk.
 *
 * First the store is asked whether it has the recording, for S3_TIMEOUT at most. If it has lost it,
 * or does not answer, the recording is fetched from the provider again. Otherwise the client is
 * redirected to the store (307), or we pass the bytes on: S3_PLAY.
 */
#ifndef TAPEDECK_FCGI_HTTP_REMOTE_H
#define TAPEDECK_FCGI_HTTP_REMOTE_H

#include "app.h"
#include "recordings/service.h"
#include "request.h"
#include "response.h"

/* service_request and service_look; where one is READY by an object, the store is asked for it, and
 * when it does not give it, the same is done without it. */
enum result remote_request(const struct app *app, int64_t business_id, const char *call_sid,
                           struct look *look);
enum result remote_look(const struct app *app, int64_t business_id, const char *call_sid,
                        struct look *look);

/* What remote_request does when service_request has been asked already. */
enum result remote_confirm(const struct app *app, int64_t business_id, const char *call_sid,
                           struct look *look);

/* A link into the store, for PLAY_LINK_TTL (a week at most). `out` holds S3_URL_SIZE. */
enum result remote_link(const struct app *app, int64_t business_id, const struct look *look,
                        const char *disposition, char *out, int64_t *expires);

/* Answers with a READY recording, wherever it is. */
enum result remote_or_file(const struct app *app, const struct request *request,
                           int64_t business_id, const struct look *look, const char *disposition,
                           struct response *response);

/* The same, and the client is never sent to the store: what was allowed can be taken back. */
enum result remote_send(const struct app *app, const struct request *request, int64_t business_id,
                        const struct look *look, const char *disposition,
                        struct response *response);

/* The bytes of a READY recording that is in the store. */
struct response_source remote_source(const struct app *app, int64_t business_id,
                                     const struct look *look);

/* The first bytes of a READY recording, wherever it is; fewer where it is shorter. */
enum result remote_head(const struct app *app, int64_t business_id, const struct look *look,
                        size_t size, struct buf *out);

#endif
