#include "openapi.h"

#include <ctype.h>
#include <string.h>

#include "base/embedded.h"
#include "base/magic.h"
#include "base/version.h"
#include "http/parameter.h"

enum { FILES_MAX = 16, KEY_MAX = 256, METHOD_SIZE = 16 };

#define SCHEMAS "#/components/schemas/"
#define JSON_TYPE "application/json"
#define FORM_TYPE "application/x-www-form-urlencoded"

/* The files of fcgi/describe, parsed. */
struct described {
    struct json *files[FILES_MAX];
    size_t count;
};

static void described_read(struct described *described)
{
    described->count = 0;
    for (const struct embedded_file *file = EMBEDDED_DESCRIPTIONS; file->name != NULL; file++) {
        struct json **next = &described->files[described->count];
        if (described->count < FILES_MAX &&
            json_parse(file->bytes, (size_t)(file->end - file->bytes), next) == RESULT_OK) {
            described->count++;
        }
    }
}

static void described_free(struct described *described)
{
    for (size_t i = 0; i < described->count; i++) {
        json_free(described->files[i]);
    }
}

/* What is said of a method of a route, or NULL; of HEAD what is said of GET. */
static const struct json *described_find(const struct described *described, enum method method,
                                         const char *pattern)
{
    struct buf key;
    const struct json *found = NULL;
    buf_init(&key, KEY_MAX);
    buf_format(&key, "%s %s", request_method_name(method == METHOD_HEAD ? METHOD_GET : method),
               pattern);
    for (size_t i = 0; i < described->count && found == NULL; i++) {
        found = json_child_at(json_child_at(described->files[i], "routes"), buf_str(&key));
    }
    buf_free(&key);
    return found;
}

/* ---- one operation ---- */

struct operation {
    struct magic magic;
    const struct route *route;
    enum method method;
    const struct json *said; /* NULL: nothing */
    struct json *parameters;
    struct json *responses;
};

static void add_parameter(struct operation *operation, const char *name, size_t len,
                          const char *where)
{
    const struct parameter *parameter = parameter_find(name, len);
    if (parameter == NULL) {
        return;
    }
    struct json *json = json_new();
    json_put_text(json, "name", parameter->name);
    json_put_text(json, "in", where);
    json_put_flag(json, "required", strcmp(where, "path") == 0);
    json_put_text(json, "description", parameter->meaning);
    json_put(json, "schema", parameter_schema(parameter));
    json_add(operation->parameters, json);
}

static void add_header(void *context, const char *name, const struct json *meaning)
{
    struct operation *operation = CHECKED(operation, context);
    struct json *json = json_new(), *schema = json_new();
    json_put_text(schema, "type", "string");
    json_put_text(json, "name", name);
    json_put_text(json, "in", "header");
    json_put_text(json, "description", json_text(meaning));
    json_put(json, "schema", schema);
    json_add(operation->parameters, json);
}

static void add_parameters(struct operation *operation)
{
    const char *at = operation->route->pattern;
    while ((at = strchr(at, '{')) != NULL) {
        size_t len = strcspn(++at, "}");
        add_parameter(operation, at, len, "path");
    }
    for (size_t i = 0; i < KEYS_MAX && operation->route->keys[i] != NULL; i++) {
        const char *key = operation->route->keys[i];
        add_parameter(operation, key, strlen(key), "query");
    }
    json_each(json_child_at(operation->said, "headers"), add_header, operation);
}

/* {type: {"schema": schema}}; takes ownership of `schema`. */
static struct json *content_of(const char *type, struct json *schema)
{
    struct json *content = json_new(), *media = json_new();
    json_put(media, "schema", schema);
    json_put(content, type, media);
    return content;
}

static struct json *reference(const char *schema)
{
    struct buf target;
    struct json *json = json_new();
    buf_init(&target, KEY_MAX);
    buf_format(&target, SCHEMAS "%s", schema);
    json_put_text(json, "$ref", buf_str(&target));
    buf_free(&target);
    return json;
}

static void put_body(const struct operation *operation, struct json *json)
{
    const char *schema = json_text_at(operation->said, "body");
    if (schema == NULL) {
        return;
    }
    struct json *body = json_new();
    const char *type = operation->route->who == WHO_TWILIO ? FORM_TYPE : JSON_TYPE;
    json_put_flag(body, "required", true);
    json_put(body, "content", content_of(type, reference(schema)));
    json_put(json, "requestBody", body);
}

/* ---- what it answers ---- */

static void add_answer(void *context, const char *status, const struct json *answer)
{
    struct operation *operation = CHECKED(operation, context);
    const char *schema = json_text(answer);
    struct json *json;
    if (schema == NULL) {
        json = json_clone(answer);
    } else {
        json = json_new();
        json_put_text(json, "description", schema);
        json_put(json, "content", content_of(JSON_TYPE, reference(schema)));
    }
    if (operation->method == METHOD_HEAD) {
        json_put(json, "content", json_new());
    }
    json_put(operation->responses, status, json);
}

static bool asks_for_session(const struct route *route)
{
    return route->who == WHO_SESSION || route->who == WHO_SHARE || route->who == WHO_LISTENER;
}

/* What the gate may say, before the handler is asked. */
static bool gate_says(const struct operation *operation, enum message_id id)
{
    const struct route *route = operation->route;
    bool changes = (route->methods & (METHOD_GET | METHOD_HEAD)) == 0;
    switch (id) {
    case MESSAGE_BAD_PARAMETER:
    case MESSAGE_TOO_LARGE:
    case MESSAGE_UNAVAILABLE: return true;
    case MESSAGE_LENGTH_REQUIRED: return json_has(operation->said, "body");
    case MESSAGE_FORBIDDEN: return route->who == WHO_TWILIO || route->who == WHO_LINK;
    case MESSAGE_NOT_FOUND: return route->who == WHO_METRICS;
    case MESSAGE_UNAUTHORIZED: return asks_for_session(route) || route->who == WHO_METRICS;
    case MESSAGE_TOO_MANY_FAILURES: return route->who != WHO_ANYONE && route->who != WHO_TWILIO;
    case MESSAGE_TOO_MANY_REQUESTS: return route->who == WHO_SHARE;
    case MESSAGE_ORIGIN_NOT_ALLOWED: return changes && asks_for_session(route);
    default: return false;
    }
}

static bool says(const struct operation *operation, enum message_id id)
{
    const struct json *errors = json_list_at(operation->said, "errors");
    const struct message *message = message_get(id);
    for (size_t i = 0; i < json_count(errors); i++) {
        const char *code = json_text(json_item(errors, i));
        if (code != NULL && strcmp(code, message->code) == 0) {
            return true;
        }
    }
    return message->status >= 300 && gate_says(operation, id);
}

/* The Error with these codes and no other; takes ownership of `codes`. */
static struct json *error_schema(struct json *codes)
{
    struct json *schema = json_new(), *all = json_new_list();
    struct json *own = json_new(), *members = json_new(), *error = json_new();
    json_put(error, "enum", codes);
    json_put(members, "error", error);
    json_put(own, "properties", members);
    json_add(all, reference("Error"));
    json_add(all, own);
    json_put(schema, "allOf", all);
    return schema;
}

static void add_errors_of(struct operation *operation, int status, const char *key)
{
    struct json *codes = json_new_list(), *json = json_new();
    struct buf what;
    buf_init(&what, RESPONSE_HEAD_MAX);
    for (enum message_id id = 0; id < MESSAGE_COUNT; id++) {
        const struct message *message = message_get(id);
        if (message->status == status && says(operation, id)) {
            buf_format(&what, "%s`%s`: %s", what.len > 0 ? "\n\n" : "", message->code,
                       message->english);
            json_add_text(codes, message->code);
        }
    }
    json_put_text(json, "description", buf_str(&what));
    if (operation->method == METHOD_HEAD) {
        json_free(codes);
    } else {
        json_put(json, "content", content_of(JSON_TYPE, error_schema(codes)));
    }
    json_put(operation->responses, key, json);
    buf_free(&what);
}

static void add_errors(struct operation *operation)
{
    char key[16];
    for (enum message_id id = 0; id < MESSAGE_COUNT; id++) {
        int status = message_get(id)->status;
        (void)snprintf(key, sizeof key, "%d", status);
        if (says(operation, id) && !json_has(operation->responses, key)) {
            add_errors_of(operation, status, key);
        }
    }
}

/* ---- who may ask ---- */

static void add_scheme(struct json *list, const char *name)
{
    struct json *json = json_new();
    json_put(json, name, json_new_list());
    json_add(list, json);
}

static struct json *security_of(const struct route *route)
{
    struct json *list = json_new_list();
    switch (route->who) {
    case WHO_SESSION:
    case WHO_SHARE:
    case WHO_LISTENER:
        add_scheme(list, "bearer");
        add_scheme(list, "cookie");
        break;
    case WHO_TWILIO: add_scheme(list, "twilio"); break;
    case WHO_LINK: add_scheme(list, "link"); break;
    case WHO_METRICS: add_scheme(list, "metrics"); break;
    case WHO_ANYONE: break;
    }
    return list;
}

static struct json *operation_of(const struct described *described, const struct route *route,
                                 enum method method)
{
    struct json *json = json_new();
    struct operation operation = {.magic = MAGIC(operation),
                                  .route = route,
                                  .method = method,
                                  .said = described_find(described, method, route->pattern),
                                  .parameters = json_new_list(),
                                  .responses = json_new()};
    json_put_text(json, "summary", json_text_at(operation.said, "summary"));
    add_parameters(&operation);
    json_put(json, "parameters", operation.parameters);
    put_body(&operation, json);
    json_put(json, "security", security_of(route));
    json_each(json_child_at(operation.said, "answers"), add_answer, &operation);
    add_errors(&operation);
    json_put(json, "responses", operation.responses);
    return json;
}

/* ---- the document ---- */

static void put_operations(const struct described *described, const struct route *route,
                           struct json *item)
{
    char name[METHOD_SIZE];
    for (unsigned method = METHOD_GET; method < METHOD_OPTIONS; method <<= 1) {
        if ((route->methods & method) == 0) {
            continue;
        }
        const char *upper = request_method_name((enum method)method);
        size_t len = 0;
        for (; upper[len] != '\0' && len + 1 < sizeof name; len++) {
            name[len] = (char)tolower((unsigned char)upper[len]);
        }
        name[len] = '\0';
        json_put(item, name, operation_of(described, route, (enum method)method));
    }
}

/* Rows with the same path are one item. */
static struct json *paths_of(const struct described *described, const struct route *routes,
                             size_t count)
{
    struct json *paths = json_new();
    for (size_t i = 0; i < count; i++) {
        if (json_has(paths, routes[i].pattern)) {
            continue;
        }
        struct json *item = json_new();
        for (size_t j = i; j < count; j++) {
            if (strcmp(routes[j].pattern, routes[i].pattern) == 0) {
                put_operations(described, &routes[j], item);
            }
        }
        json_put(paths, routes[i].pattern, item);
    }
    return paths;
}

struct schemas {
    struct magic magic;
    struct json *json;
};

static void add_name(void *context, const char *name, const struct json *value)
{
    struct schemas *names = CHECKED(schemas, context);
    (void)value;
    json_add_text(names->json, name);
}

static void add_schema(void *context, const char *name, const struct json *schema)
{
    struct schemas *schemas = CHECKED(schemas, context);
    struct json *copy = json_clone(schema);
    if (json_has(schema, "properties") && !json_has(schema, "required")) {
        struct schemas names = {.magic = MAGIC(schemas), .json = json_new_list()};
        json_each(json_child_at(schema, "properties"), add_name, &names);
        json_put(copy, "required", names.json);
    }
    json_put(schemas->json, name, copy);
}

static struct json *components_of(const struct described *described)
{
    struct json *json = json_new();
    struct schemas schemas = {.magic = MAGIC(schemas), .json = json_new()};
    for (size_t i = 0; i < described->count; i++) {
        const struct json *file = described->files[i];
        json_each(json_child_at(file, "schemas"), add_schema, &schemas);
        if (json_has(file, "securitySchemes")) {
            json_put(json, "securitySchemes", json_clone(json_child_at(file, "securitySchemes")));
        }
    }
    json_put(json, "schemas", schemas.json);
    return json;
}

static struct json *info_of(const struct described *described)
{
    struct json *info = NULL;
    for (size_t i = 0; i < described->count && info == NULL; i++) {
        info = json_clone(json_child_at(described->files[i], "info"));
    }
    json_put_text(info, "version", TAPEDECK_VERSION);
    return info;
}

void openapi_answer(const struct route *routes, size_t count, struct response *response)
{
    struct described described;
    struct json *json = json_new();
    described_read(&described);
    json_put_text(json, "openapi", "3.1.0");
    json_put(json, "info", info_of(&described));
    json_put(json, "paths", paths_of(&described, routes, count));
    json_put(json, "components", components_of(&described));
    response_json(response, 200, json);
    described_free(&described);
}
