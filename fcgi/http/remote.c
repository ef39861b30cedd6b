#include "remote.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "serve.h"
#include "storage/object.h"

/* ---- does the store have it? ---- */

static enum s3_outcome ask(const struct app *app, int64_t business_id, const struct look *look)
{
    struct s3_facts there;
    char key[S3_KEY_SIZE];
    (void)object_key(business_id, look->file_sid, look->file.kind, key);
    enum s3_outcome outcome = s3_head(app->s3, key, app->config->s3_timeout, &there);
    return outcome == S3_OK && there.size != look->file.size ? S3_DIFFERS : outcome;
}

typedef enum result service_verb(const struct app *app, int64_t business_id, const char *call_sid,
                                 struct look *look);

static enum result settle(const struct app *app, int64_t business_id, const char *call_sid,
                          service_verb *elsewhere, struct look *look)
{
    if (look->state != STATE_READY || !look->remote) {
        return RESULT_OK;
    }
    enum s3_outcome outcome = ask(app, business_id, look);
    if (outcome == S3_OK) {
        return RESULT_OK;
    }
    if (outcome == S3_NOT_FOUND || outcome == S3_DIFFERS) {
        (void)object_lost(app, business_id, look->file_sid);
    } else {
        log_event("OBJECT_UNREACHABLE", "business_id=%lld sid=%s reason=%s", (long long)business_id,
                  look->file_sid, s3_outcome_name(outcome));
    }
    return elsewhere(app, business_id, call_sid, look);
}

enum result remote_confirm(const struct app *app, int64_t business_id, const char *call_sid,
                           struct look *look)
{
    return settle(app, business_id, call_sid, service_request_elsewhere, look);
}

enum result remote_request(const struct app *app, int64_t business_id, const char *call_sid,
                           struct look *look)
{
    enum result result = service_request(app, business_id, call_sid, look);
    return result == RESULT_OK ? remote_confirm(app, business_id, call_sid, look) : result;
}

enum result remote_look(const struct app *app, int64_t business_id, const char *call_sid,
                        struct look *look)
{
    enum result result = service_look(app, business_id, call_sid, look);
    return result == RESULT_OK ? settle(app, business_id, call_sid, service_look_elsewhere, look)
                               : result;
}

/* ---- the client goes there ---- */

enum result remote_link(const struct app *app, int64_t business_id, const struct look *look,
                        const char *disposition, char *out, int64_t *expires)
{
    enum { LONGEST_S = 7 * 86400 };
    char key[S3_KEY_SIZE];
    int64_t ttl = service_link_ttl_s(app->config, look);
    struct s3_link link = {.key = object_key(business_id, look->file_sid, look->file.kind, key),
                           .content_type = audio_content_type(look->file.kind),
                           .disposition = disposition,
                           .now = clock_wall(),
                           .ttl_s = ttl < LONGEST_S ? ttl : LONGEST_S};
    *expires = link.now + link.ttl_s;
    return s3_link(app->s3, &link, out);
}

static enum result redirect(const struct app *app, int64_t business_id, const struct look *look,
                            const char *disposition, struct response *response)
{
    char url[S3_URL_SIZE];
    int64_t expires;
    enum result result = remote_link(app, business_id, look, disposition, url, &expires);
    if (result == RESULT_OK) {
        response_empty(response, 307);
        response_header(response, "Location", url);
        response_header(response, "Cache-Control", "private, no-store");
    }
    return result;
}

/* ---- or the bytes come here ---- */

struct passing {
    struct magic magic;
    const struct response_io *io;
};

static bool pass_on(void *context, const char *bytes, size_t len)
{
    const struct passing *passing = CHECKED(passing, context);
    return passing->io->write(passing->io->handle, bytes, len);
}

static bool send_object(const struct response_source *source, const struct range *range,
                        const struct response_io *io)
{
    struct passing passing = {.magic = MAGIC(passing), .io = io};
    return s3_get_range(source->s3, source->key, range->start, range->length, pass_on, &passing) ==
           S3_OK;
}

struct response_source remote_source(const struct app *app, int64_t business_id,
                                     const struct look *look)
{
    struct response_source source = {.send = send_object, .s3 = app->s3};
    (void)object_key(business_id, look->file_sid, look->file.kind, source.key);
    return source;
}

enum result remote_send(const struct app *app, const struct request *request, int64_t business_id,
                        const struct look *look, const char *disposition, struct response *response)
{
    if (!look->remote) {
        return serve_file(app, request, &look->file, disposition, response);
    }
    struct response_source source = remote_source(app, business_id, look);
    serve_source(app, request, &look->file, &source, disposition, response);
    return RESULT_OK;
}

/* A link is signed for GET alone, so that HEAD is answered here in either way. */
enum result remote_or_file(const struct app *app, const struct request *request,
                           int64_t business_id, const struct look *look, const char *disposition,
                           struct response *response)
{
    bool redirects =
        look->remote && app->config->s3_play == S3_PLAY_REDIRECT && request->method != METHOD_HEAD;
    return redirects ? redirect(app, business_id, look, disposition, response)
                     : remote_send(app, request, business_id, look, disposition, response);
}

/* ---- its first bytes ---- */

static bool keep(void *context, const char *bytes, size_t len)
{
    struct buf *out = CHECKED(buf, context);
    buf_add(out, bytes, len);
    return buf_ok(out);
}

static enum result head_of_file(const struct file_facts *file, size_t size, struct buf *out)
{
    char bytes[4096];
    int fd = file_open_quietly(file);
    if (fd < 0) {
        return RESULT_NOT_FOUND;
    }
    ssize_t n = pread(fd, bytes, size < sizeof bytes ? size : sizeof bytes, 0);
    close(fd);
    if (n > 0) {
        buf_add(out, bytes, (size_t)n);
    }
    return n > 0 && buf_ok(out) ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result remote_head(const struct app *app, int64_t business_id, const struct look *look,
                        size_t size, struct buf *out)
{
    char key[S3_KEY_SIZE];
    if (!look->remote) {
        return head_of_file(&look->file, size, out);
    }
    int64_t length = look->file.size < (int64_t)size ? look->file.size : (int64_t)size;
    (void)object_key(business_id, look->file_sid, look->file.kind, key);
    return s3_get_range(app->s3, key, 0, length, keep, out) == S3_OK && buf_ok(out)
               ? RESULT_OK
               : RESULT_UNAVAILABLE;
}
