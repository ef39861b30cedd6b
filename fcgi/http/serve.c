#include "serve.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/crypto.h"
#include "conditional.h"
#include "range.h"
#include "storage/cache.h"

_Static_assert(sizeof(((struct response_file *)NULL)->boundary) >=
                   sizeof "td" - 1 + CRYPTO_TOKEN_SIZE,
               "a boundary fits");

static struct conditions read_conditions(const struct request *request)
{
    return (struct conditions){
        .if_match = request_header(request, "HTTP_IF_MATCH"),
        .if_none_match = request_header(request, "HTTP_IF_NONE_MATCH"),
        .if_modified_since = request_header(request, "HTTP_IF_MODIFIED_SINCE"),
        .if_unmodified_since = request_header(request, "HTTP_IF_UNMODIFIED_SINCE"),
        .if_range = request_header(request, "HTTP_IF_RANGE"),
    };
}

static bool has_conditions(const struct conditions *c)
{
    return c->if_match != NULL || c->if_none_match != NULL || c->if_modified_since != NULL ||
           c->if_unmodified_since != NULL || c->if_range != NULL;
}

/* "bytes=A-B", "bytes=A-" or "bytes=-N" and nothing else: what every server reads as we do. */
static bool range_is_plain(const char *header)
{
    static const char DIGITS[] = "0123456789";
    enum { DIGITS_MAX = 15 };
    if (strncmp(header, "bytes=", 6) != 0) {
        return false;
    }
    size_t first = strspn(header + 6, DIGITS);
    const char *dash = header + 6 + first;
    if (*dash != '-' || first > DIGITS_MAX) {
        return false;
    }
    size_t last = strspn(dash + 1, DIGITS);
    return dash[1 + last] == '\0' && last <= DIGITS_MAX && first + last > 0;
}

static void put_validators(const struct file_facts *file, const char *caching,
                           struct response *response)
{
    char etag[FILE_ETAG_SIZE], date[CLOCK_HTTP_SIZE];
    response_header(response, "ETag", file_etag(file, etag));
    response_header(response, "Last-Modified", clock_http_date(file->modified, date));
    response_header(response, "Cache-Control", caching);
}

/* What somebody said on the phone is kept in no cache. */
static void validators(const struct file_facts *file, struct response *response)
{
    put_validators(file, "private, no-store", response);
}

static void representation(const struct file_facts *file, const char *disposition,
                           struct response *response)
{
    validators(file, response);
    response_header(response, "Content-Disposition", disposition);
}

/* ---- who carries the bytes ---- */

static bool server_can_carry(const struct app *app, const struct request *request,
                             const struct conditions *conditions, enum range_verdict verdict,
                             const char *range)
{
    bool plain = range == NULL || (verdict == RANGE_PARTIAL && range_is_plain(range));
    return app->config->sendfile != SENDFILE_OFF && request->method == METHOD_GET && plain &&
           !has_conditions(conditions) && !request_is_http10(request);
}

/* The path below RECORDINGS_DIR, beginning with its slash. */
static const char *path_below(const struct config *config, const struct file_facts *file)
{
    return file->path + strlen(config->recordings_dir);
}

static void hand_over(const struct app *app, const struct file_facts *file, const char *disposition,
                      bool partial, struct response *response)
{
    struct buf path;
    bool accel = app->config->sendfile == SENDFILE_X_ACCEL_REDIRECT;
    response_empty(response, 200);
    representation(file, disposition, response);
    response_header(response, "Content-Type", audio_content_type(file->kind));
    if (!accel || partial) { /* nginx says it itself with a 200, and not with a 206 */
        response_header(response, "Accept-Ranges", "bytes");
    }
    buf_init(&path, PATH_MAX + 256);
    buf_text(&path, accel ? app->config->accel_prefix : app->config->recordings_dir);
    buf_text(&path, path_below(app->config, file));
    response_header(response, accel ? "X-Accel-Redirect" : "X-Sendfile", buf_str(&path));
    buf_free(&path);
}

static enum result open_file(const struct file_facts *file, const char *content_type,
                             struct response *response)
{
    struct stat st;
    int fd = open(file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return RESULT_NOT_FOUND;
    }
    if (fstat(fd, &st) != 0 || st.st_size != file->size) {
        close(fd);
        return RESULT_NOT_FOUND;
    }
    response->file.fd = fd;
    response->file.size = file->size;
    response->file.content_type = content_type;
    return RESULT_OK;
}

static void send_whole(const struct file_facts *file, bool despite_range, struct response *response)
{
    response->status = 200;
    response->file.parts.count = file->size > 0;
    response->file.parts.ranges[0] = (struct range){.start = 0, .length = file->size};
    response_header(response, "Content-Type", response->file.content_type);
    /* "none" keeps lighttpd from applying the Range that we chose not to. */
    response_header(response, "Accept-Ranges", despite_range ? "none" : "bytes");
}

static void send_parts(const struct file_facts *file, const struct range_set *parts,
                       struct response *response)
{
    char text[96], token[CRYPTO_TOKEN_SIZE];
    const struct range *first = &parts->ranges[0];
    response->status = 206;
    response->file.parts = *parts;
    response_header(response, "Accept-Ranges", "bytes");
    if (parts->count == 1) {
        (void)snprintf(text, sizeof text, "bytes %lld-%lld/%lld", (long long)first->start,
                       (long long)(first->start + first->length - 1), (long long)file->size);
        response_header(response, "Content-Type", audio_content_type(file->kind));
        response_header(response, "Content-Range", text);
        return;
    }
    if (!crypto_token(token)) {
        token[0] = '\0';
    }
    (void)snprintf(response->file.boundary, sizeof response->file.boundary, "td%s", token);
    (void)snprintf(text, sizeof text, "multipart/byteranges; boundary=%s", response->file.boundary);
    response_header(response, "Content-Type", text);
}

/* ---- the answers ---- */

void serve_unsatisfiable(const struct file_facts *file, struct response *response)
{
    char text[64];
    response_error(response, MESSAGE_RANGE_NOT_SATISFIABLE);
    (void)snprintf(text, sizeof text, "bytes */%lld", (long long)file->size);
    response_header(response, "Content-Range", text);
    response_header(response, "Accept-Ranges", "bytes");
}

static void answer_with(const struct file_facts *file, const char *disposition,
                        enum range_verdict verdict, const struct range_set *parts,
                        struct response *response)
{
    representation(file, disposition, response);
    if (verdict == RANGE_PARTIAL) {
        send_parts(file, parts, response);
    } else {
        send_whole(file, verdict == RANGE_IGNORED, response);
    }
}

static enum result send_ourselves(const struct file_facts *file, const char *disposition,
                                  enum range_verdict verdict, const struct range_set *parts,
                                  struct response *response)
{
    enum result result = open_file(file, audio_content_type(file->kind), response);
    if (result != RESULT_OK) {
        return result;
    }
    answer_with(file, disposition, verdict, parts, response);
    return RESULT_OK;
}

bool serve_conditional(const struct request *request, const struct file_facts *file,
                       const char **range, struct response *response)
{
    char etag[FILE_ETAG_SIZE];
    struct conditions conditions = read_conditions(request);
    *range = request_header(request, "HTTP_RANGE");
    switch (conditional_check(&conditions, file_etag(file, etag), file->modified)) {
    case CONDITION_NOT_MODIFIED:
        response_empty(response, 304);
        validators(file, response);
        return true;
    case CONDITION_FAILED: response_error(response, MESSAGE_PRECONDITION_FAILED); return true;
    case CONDITION_PROCEED_WITHOUT_RANGE: *range = NULL; break;
    case CONDITION_PROCEED: break;
    }
    return false;
}

void serve_ranges(const struct file_facts *file, int fd, const struct range_set *parts,
                  struct response *response)
{
    response->file.fd = fd;
    response->file.size = file->size;
    response->file.content_type = audio_content_type(file->kind);
    representation(file, "inline", response);
    send_parts(file, parts, response);
}

enum result serve_file(const struct app *app, const struct request *request,
                       const struct file_facts *file, const char *disposition,
                       struct response *response)
{
    struct range_set parts;
    const char *range;
    if (serve_conditional(request, file, &range, response)) {
        return RESULT_OK;
    }
    struct conditions conditions = read_conditions(request);
    enum range_verdict verdict = range_parse(range, file->size, &parts);
    if (verdict == RANGE_UNSATISFIABLE) {
        serve_unsatisfiable(file, response);
        return RESULT_OK;
    }
    cache_played(app->config, file);
    if (server_can_carry(app, request, &conditions, verdict, range)) {
        hand_over(app, file, disposition, range != NULL, response);
        return RESULT_OK;
    }
    return send_ourselves(file, disposition, verdict, &parts, response);
}

void serve_source(const struct request *request, const struct file_facts *file,
                  const struct response_source *source, const char *disposition,
                  struct response *response)
{
    struct range_set parts;
    const char *range;
    if (serve_conditional(request, file, &range, response)) {
        return;
    }
    enum range_verdict verdict = range_parse(range, file->size, &parts);
    if (verdict == RANGE_UNSATISFIABLE) {
        serve_unsatisfiable(file, response);
        return;
    }
    response->file.source = *source;
    response->file.size = file->size;
    response->file.content_type = audio_content_type(file->kind);
    answer_with(file, disposition, verdict, &parts, response);
}

/* ---- documents ---- */

static const char DOCUMENT_CACHING[] = "private";

/* 304 and 412. */
static bool document_is_known(const struct request *request, const struct file_facts *file,
                              struct response *response)
{
    char etag[FILE_ETAG_SIZE];
    struct conditions conditions = read_conditions(request);
    switch (conditional_check(&conditions, file_etag(file, etag), file->modified)) {
    case CONDITION_NOT_MODIFIED:
        response_empty(response, 304);
        put_validators(file, DOCUMENT_CACHING, response);
        return true;
    case CONDITION_FAILED: response_error(response, MESSAGE_PRECONDITION_FAILED); return true;
    default: return false;
    }
}

enum result serve_document(const struct request *request, const struct file_facts *file,
                           const char *content_type, struct response *response)
{
    if (document_is_known(request, file, response)) {
        return RESULT_OK;
    }
    enum result result = open_file(file, content_type, response);
    if (result == RESULT_OK) {
        put_validators(file, DOCUMENT_CACHING, response);
        send_whole(file, true, response);
    }
    return result;
}

enum result serve_fetched(const struct request *request, const struct file_facts *file,
                          const char *content_type, serve_fetch *fetch, void *context,
                          struct response *response)
{
    if (document_is_known(request, file, response)) {
        return RESULT_OK;
    }
    enum result result = fetch(context, &response->body);
    if (result == RESULT_OK) {
        response->status = 200;
        put_validators(file, DOCUMENT_CACHING, response);
        response_header(response, "Content-Type", content_type);
        response_header(response, "Accept-Ranges", "none");
    } else {
        buf_clear(&response->body);
    }
    return result;
}
