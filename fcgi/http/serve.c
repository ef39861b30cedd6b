#include "serve.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/crypto.h"
#include "conditional.h"
#include "range.h"
#include "sending.h"
#include "storage/cache.h"

enum { RETRY_S = 1 };

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

/* Also where it has no value: to us that is none, to some servers one that says nothing good. */
static const char *header_line(const struct request *request, const char *cgi_name)
{
    return request->io->param(request->io->handle, cgi_name);
}

/* A Range that the web server reads as we do. By a date, servers compare If-Range each in its own
 * way. */
static bool is_plain(const struct request *request, const char *range)
{
    const char *if_range = header_line(request, "HTTP_IF_RANGE");
    return range_is_plain(range) && (if_range == NULL || if_range[0] == '"');
}

/* Some servers judge preconditions once more, which mostly comes to the same. But nginx does so by
 * an entity tag of its own, and would refuse what holds. */
static bool server_may_refuse(const struct app *app, const struct request *request)
{
    int64_t since;
    const char *if_match = header_line(request, "HTTP_IF_MATCH");
    if (app->config->sendfile != SENDFILE_X_ACCEL_REDIRECT) {
        return if_match != NULL && if_match[0] == '\0';
    }
    const char *date = request_header(request, "HTTP_IF_UNMODIFIED_SINCE");
    return if_match != NULL || (date != NULL && !clock_parse_http_date(date, &since));
}

static bool server_can_carry(const struct app *app, const struct request *request, bool as_asked)
{
    return app->config->sendfile != SENDFILE_OFF && request->method == METHOD_GET && as_asked &&
           !server_may_refuse(app, request);
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
    int fd = file_open(file);
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

/* `ranges`: "bytes", or "none", which keeps lighttpd from applying a Range that we do not. */
static void send_whole(const struct file_facts *file, const char *ranges, struct response *response)
{
    response->status = 200;
    response->file.parts.count = file->size > 0;
    response->file.parts.ranges[0] = (struct range){.start = 0, .length = file->size};
    response_header(response, "Content-Type", response->file.content_type);
    response_header(response, "Accept-Ranges", ranges);
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

/* What the responder sends itself. More than a piece only some of them do at a time: where they do
 * already, a part gets shorter, and the whole has to be asked for again. */
static void answer_with(const struct app *app, const struct request *request,
                        const struct file_facts *file, const char *disposition,
                        struct range_set *parts, struct response *response)
{
    bool whole = parts->count == 0;
    int64_t length = whole ? file->size : range_sum(parts);
    if (length > RANGE_PIECE && request->method == METHOD_GET &&
        !sending_begin(app, length, response->sending)) {
        if (whole) {
            response_error(response, MESSAGE_UNAVAILABLE);
            response_header_int(response, "Retry-After", RETRY_S);
            return;
        }
        range_cut(parts);
    }
    representation(file, disposition, response);
    if (whole) {
        send_whole(file, "bytes", response);
    } else {
        send_parts(file, parts, response);
    }
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

/* Preconditions and the Range. True when that was the answer already; else what is to be sent:
 * `parts`, or the whole where there are none, and whether that is just what was asked for. */
static bool settle(const struct request *request, const struct file_facts *file,
                   struct range_set *parts, bool *as_asked, struct response *response)
{
    const char *range;
    *as_asked = true;
    if (serve_conditional(request, file, &range, response)) {
        return true;
    }
    switch (range_parse(range, file->size, parts)) {
    case RANGE_UNSATISFIABLE: serve_unsatisfiable(file, response); return true;
    case RANGE_WHOLE: break;
    case RANGE_PARTIAL:
        *as_asked = is_plain(request, range);
        if (!*as_asked) {
            range_cut(parts);
        }
    }
    return false;
}

enum result serve_file(const struct app *app, const struct request *request,
                       const struct file_facts *file, const char *disposition,
                       struct response *response)
{
    struct range_set parts;
    bool as_asked;
    if (settle(request, file, &parts, &as_asked, response)) {
        return RESULT_OK;
    }
    cache_played(app->config, file);
    if (server_can_carry(app, request, as_asked)) {
        hand_over(app, file, disposition, parts.count > 0, response);
        return RESULT_OK;
    }
    enum result result = open_file(file, audio_content_type(file->kind), response);
    if (result == RESULT_OK) {
        answer_with(app, request, file, disposition, &parts, response);
    }
    return result;
}

void serve_source(const struct app *app, const struct request *request,
                  const struct file_facts *file, const struct response_source *source,
                  const char *disposition, struct response *response)
{
    struct range_set parts;
    bool as_asked;
    if (settle(request, file, &parts, &as_asked, response)) {
        return;
    }
    response->file.source = *source;
    response->file.size = file->size;
    response->file.content_type = audio_content_type(file->kind);
    answer_with(app, request, file, disposition, &parts, response);
}

enum result serve_part(const struct app *app, const struct request *request,
                       const struct file_facts *file, const struct response_source *source,
                       const struct response_front *front, int64_t size, struct response *response)
{
    struct range_set parts;
    struct file_facts part = *file;
    bool as_asked;
    part.size = size;
    if (settle(request, &part, &parts, &as_asked, response)) {
        return RESULT_OK;
    }
    enum result result = RESULT_OK;
    if (source == NULL) {
        result = open_file(file, audio_content_type(file->kind), response);
    } else {
        response->file.source = *source;
        response->file.content_type = audio_content_type(file->kind);
    }
    if (result == RESULT_OK) {
        response->file.size = size;
        response->file.front = *front;
        answer_with(app, request, &part, "inline", &parts, response);
    }
    return result;
}

/* ---- documents ---- */

/* Kept, but not shown without asking who asks: nobody hears of a call after signing out. */
static const char DOCUMENT_CACHING[] = "private, no-cache";

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
        send_whole(file, "none", response);
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
