#include "request.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    enum method method;
} METHODS[] = {
    {"GET", METHOD_GET},         {"HEAD", METHOD_HEAD},   {"POST", METHOD_POST},
    {"PUT", METHOD_PUT},         {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
    {"OPTIONS", METHOD_OPTIONS},
};

enum { METHOD_COUNT = sizeof METHODS / sizeof *METHODS };

static enum method method_of(const char *name)
{
    for (size_t i = 0; name != NULL && i < METHOD_COUNT; i++) {
        if (strcmp(METHODS[i].name, name) == 0) {
            return METHODS[i].method;
        }
    }
    return METHOD_OTHER;
}

const char *request_method_name(enum method method)
{
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (METHODS[i].method == method) {
            return METHODS[i].name;
        }
    }
    return "OTHER";
}

const char *request_header(const struct request *request, const char *cgi_name)
{
    const char *value = request->io->param(request->io->handle, cgi_name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

enum result request_begin(struct request *request, const struct request_io *io)
{
    *request = (struct request){.io = io};
    buf_init(&request->body, REQUEST_BODY_MAX);
    request->method = method_of(request_header(request, "REQUEST_METHOD"));
    const char *target = request_header(request, "REQUEST_URI");
    request->target = target != NULL ? target : "";
    size_t path = strcspn(request->target, "?");
    if (path < sizeof request->path) {
        memcpy(request->path, request->target, path);
        request->path[path] = '\0';
    }
    if (strnlen(request->target, REQUEST_TARGET_MAX + 1) > REQUEST_TARGET_MAX) {
        return RESULT_TOO_BIG;
    }
    const char *query = request->target[path] == '?' ? request->target + path + 1 : "";
    return form_parse(&request->query, query, strlen(query));
}

void request_free(struct request *request)
{
    form_free(&request->query);
    form_free(&request->form);
    buf_free(&request->body);
}

/* Is it said to be of this type, with whatever parameters? */
static bool is_of_type(const struct request *request, const char *type)
{
    const char *said = request_header(request, "CONTENT_TYPE");
    size_t len = strlen(type);
    return said != NULL && strncasecmp(said, type, len) == 0 &&
           (said[len] == '\0' || said[len] == ';' || said[len] == ' ');
}

static enum result read_body(struct request *request)
{
    int64_t length;
    const char *said = request_header(request, "CONTENT_LENGTH");
    if (said == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (!text_int(said, 0, INT64_MAX, &length)) {
        return RESULT_INVALID;
    }
    if (length > REQUEST_BODY_MAX) {
        return RESULT_TOO_BIG;
    }
    char chunk[4096];
    while ((int64_t)request->body.len < length) {
        int64_t n = request->io->read(request->io->handle, chunk, sizeof chunk);
        if (n <= 0) {
            break;
        }
        buf_add(&request->body, chunk, (size_t)n);
        if (!buf_ok(&request->body)) {
            return RESULT_TOO_BIG;
        }
    }
    return (int64_t)request->body.len == length ? RESULT_OK : RESULT_INVALID;
}

enum result request_read_form(struct request *request)
{
    if (!is_of_type(request, "application/x-www-form-urlencoded")) {
        return RESULT_INVALID;
    }
    enum result result = read_body(request);
    if (result != RESULT_OK) {
        return result;
    }
    return form_parse(&request->form, buf_str(&request->body), request->body.len);
}

enum result request_read_json(struct request *request, struct json **out)
{
    if (!is_of_type(request, "application/json")) {
        return RESULT_INVALID;
    }
    enum result result = read_body(request);
    return result == RESULT_OK ? json_parse(buf_str(&request->body), request->body.len, out)
                               : result;
}
