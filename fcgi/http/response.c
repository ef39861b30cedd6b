#include "response.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"

enum { SEND_CHUNK = 64 * 1024 };

void response_begin(struct response *response)
{
    *response = (struct response){.status = 500, .file = {.fd = -1}};
    buf_init(&response->head, RESPONSE_HEAD_MAX);
    buf_init(&response->special, RESPONSE_HEAD_MAX);
    buf_init(&response->body, RESPONSE_BODY_MAX);
}

static void forget(struct response *response)
{
    buf_clear(&response->special);
    buf_clear(&response->body);
    response->promised = 0;
    if (response->file.fd >= 0) {
        close(response->file.fd);
        response->file.fd = -1;
    }
    response->file.source.send = NULL;
    if (response->stream.free != NULL) {
        response->stream.free(response->stream.context);
    }
    response->stream = (struct response_stream){.send = NULL};
}

static bool has_file(const struct response *response)
{
    return response->file.fd >= 0 || response->file.source.send != NULL;
}

void response_free(struct response *response)
{
    forget(response);
    buf_free(&response->head);
    buf_free(&response->special);
    buf_free(&response->body);
}

/* ---- headers ---- */

static bool is_clean(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            return false;
        }
    }
    return true;
}

static void add_header(struct buf *buf, const char *name, const char *value)
{
    size_t before = buf->len;
    if (!is_clean(value)) {
        return;
    }
    buf_text(buf, name);
    buf_text(buf, ": ");
    buf_text(buf, value);
    buf_text(buf, "\r\n");
    if (!buf_ok(buf)) {
        buf_cut(buf, before); /* a whole line or none */
    }
}

void response_always(struct response *response, const char *name, const char *value)
{
    add_header(&response->head, name, value);
}

void response_header(struct response *response, const char *name, const char *value)
{
    add_header(&response->special, name, value);
}

void response_header_int(struct response *response, const char *name, int64_t value)
{
    buf_format(&response->special, "%s: %lld\r\n", name, (long long)value);
}

/* ---- bodies ---- */

void response_empty(struct response *response, int status)
{
    response->status = status;
    buf_clear(&response->body);
}

void response_stream(struct response *response, const char *content_type,
                     const struct response_stream *stream)
{
    response->status = 200;
    response->stream = *stream;
    response_header(response, "Content-Type", content_type);
    response_header(response, "Cache-Control", "no-store");
}

/* Takes ownership of `json`. */
static enum result put_document(struct response *response, int status, struct json *json)
{
    response->status = status;
    buf_clear(&response->body);
    enum result result = json_print(json, &response->body);
    if (result == RESULT_OK) {
        response_header(response, "Content-Type", "application/json; charset=utf-8");
        response_header(response, "Cache-Control", "no-store");
        response_header(response, "Tapedeck-Version", TAPEDECK_VERSION);
        response_header(response, "Content-Security-Policy", "default-src 'none'; sandbox");
    } else {
        forget(response);
        response->status = 500;
    }
    json_free(json);
    return result;
}

void response_json(struct response *response, int status, struct json *json)
{
    if (put_document(response, status, json) != RESULT_OK) {
        (void)put_document(response, 500, response_message(MESSAGE_ANSWER_TOO_LARGE));
    }
}

void response_json_member(struct response *response, const char *name, const char *document)
{
    buf_cut(&response->body, response->body.len - 1); /* the object's end */
    buf_format(&response->body, ",\"%s\":", name);
    buf_text(&response->body, document);
    buf_text(&response->body, "}");
}

struct json *response_message(enum message_id id)
{
    const struct message *message = message_get(id);
    struct json *json = json_new();
    if (message->status >= 300) {
        json_put_text(json, "error", message->code);
    } else {
        json_put_text(json, "status", message->code);
        json_put_text(json, "state", message->code);
    }
    json_put_text(json, "message", message->english);
    json_put_text(json, "message_he", message->hebrew);
    return json;
}

void response_error_with(struct response *response, enum message_id id, struct json *object)
{
    forget(response);
    response_json(response, message_get(id)->status, object);
}

void response_error(struct response *response, enum message_id id)
{
    response_error_with(response, id, response_message(id));
}

/* ---- sending ---- */

/* Apache and nginx pass on what we say, nginx even nothing, which no status line may be (RFC 9112,
 * 4). */
static const char *reason(int status)
{
    static const struct {
        int status;
        const char *phrase;
    } REASONS[] = {
        {200, "OK"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {416, "Range Not Satisfiable"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof REASONS / sizeof *REASONS; i++) {
        if (REASONS[i].status == status) {
            return REASONS[i].phrase;
        }
    }
    return "Internal Server Error";
}

static void part_head(const struct response_file *file, size_t i, struct buf *out)
{
    const struct range *part = &file->parts.ranges[i];
    buf_format(out, "%s--%s\r\nContent-Type: %s\r\nContent-Range: bytes %lld-%lld/%lld\r\n\r\n",
               i > 0 ? "\r\n" : "", file->boundary, file->content_type, (long long)part->start,
               (long long)(part->start + part->length - 1), (long long)file->size);
}

static void parts_end(const struct response_file *file, struct buf *out)
{
    buf_format(out, "\r\n--%s--\r\n", file->boundary);
}

static int64_t file_length(const struct response_file *file)
{
    int64_t length = 0;
    struct buf text;
    buf_init(&text, RESPONSE_HEAD_MAX);
    for (size_t i = 0; i < file->parts.count; i++) {
        length += file->parts.ranges[i].length;
        if (file->boundary[0] != '\0') {
            part_head(file, i, &text);
        }
    }
    if (file->boundary[0] != '\0') {
        parts_end(file, &text);
    }
    length += (int64_t)text.len;
    buf_free(&text);
    return length;
}

static bool send_from_disk(const struct response_io *io, int fd, const struct range *range)
{
    char chunk[SEND_CHUNK];
    int64_t at = range->start, left = range->length;
    while (left > 0) {
        size_t want = left < SEND_CHUNK ? (size_t)left : SEND_CHUNK;
        ssize_t n = pread(fd, chunk, want, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0 || !io->write(io->handle, chunk, (size_t)n)) {
            return false;
        }
        at += n;
        left -= n;
    }
    return true;
}

static bool send_range(const struct response_io *io, const struct response_file *file,
                       const struct range *range)
{
    const struct response_front *front = &file->front;
    struct range rest = *range;
    if (rest.start < (int64_t)front->len) {
        int64_t left = (int64_t)front->len - rest.start;
        int64_t n = left < rest.length ? left : rest.length;
        if (!io->write(io->handle, (const char *)front->bytes + rest.start, (size_t)n)) {
            return false;
        }
        rest.start += n;
        rest.length -= n;
    }
    if (rest.length == 0) {
        return true;
    }
    rest.start += front->from - (int64_t)front->len;
    return file->fd >= 0 ? send_from_disk(io, file->fd, &rest)
                         : file->source.send(&file->source, &rest, io);
}

static void send_file(const struct response_file *file, const struct response_io *io)
{
    struct buf text;
    bool several = file->boundary[0] != '\0';
    buf_init(&text, RESPONSE_HEAD_MAX);
    for (size_t i = 0; i < file->parts.count; i++) {
        buf_clear(&text);
        if (several) {
            part_head(file, i, &text);
        }
        if (!io->write(io->handle, buf_str(&text), text.len) ||
            !send_range(io, file, &file->parts.ranges[i])) {
            goto out;
        }
    }
    if (several) {
        buf_clear(&text);
        parts_end(file, &text);
        (void)io->write(io->handle, buf_str(&text), text.len);
    }
out:
    buf_free(&text);
}

/* The web server sets Content-Length itself when it is handed a file, and for 204 and 304 there is
 * none (RFC 9110, 8.6). */
static int64_t length_of(const struct response *response)
{
    if (has_file(response)) {
        return file_length(&response->file);
    }
    if (response->promised > 0) {
        return response->promised;
    }
    return response->body.len > 0 ? (int64_t)response->body.len : -1;
}

static void send_head(struct response *response, const struct response_io *io)
{
    struct buf out;
    buf_init(&out, 3 * RESPONSE_HEAD_MAX);
    buf_format(&out, "Status: %d %s\r\n", response->status, reason(response->status));
    buf_add(&out, buf_str(&response->head), response->head.len);
    buf_add(&out, buf_str(&response->special), response->special.len);
    int64_t length = length_of(response);
    if (length >= 0) {
        buf_format(&out, "Content-Length: %lld\r\n", (long long)length);
    }
    buf_text(&out, "\r\n");
    (void)io->write(io->handle, buf_str(&out), out.len);
    buf_free(&out);
}

void response_send(struct response *response, const struct response_io *io, bool head_only)
{
    if (!buf_ok(&response->head) || !buf_ok(&response->special)) {
        forget(response);
        response->status = 500;
    }
    send_head(response, io);
    if (head_only) {
        return;
    }
    if (has_file(response)) {
        send_file(&response->file, io);
    } else if (response->stream.send != NULL) {
        response->stream.send(response->stream.context, io);
    } else if (response->body.len > 0) {
        (void)io->write(io->handle, buf_str(&response->body), response->body.len);
    }
}
