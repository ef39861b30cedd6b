#include "json.h"

#include <jansson.h>

/* Of a real number: enough for milliseconds, and no more, so that 1.25 is not 1.2500000000000002.
 */
enum { DIGITS = 12, WEEK_S = 7 * 86400 };

/* struct json is a json_t by another name: only this file knows. */
static json_t *value_of(const struct json *json)
{
    union {
        const struct json *json;
        json_t *value;
    } same = {.json = json};
    return same.value;
}

static struct json *named(json_t *value)
{
    return (struct json *)value;
}

struct json *json_new(void)
{
    return named(json_object());
}

struct json *json_new_list(void)
{
    return named(json_array());
}

void json_free(struct json *json)
{
    json_decref(value_of(json));
}

/* Takes ownership of `value`; what could not be made becomes null. */
static void put(struct json *object, const char *key, json_t *value)
{
    (void)json_object_set_new(value_of(object), key, value != NULL ? value : json_null());
}

void json_put_text(struct json *object, const char *key, const char *text)
{
    put(object, key, text != NULL ? json_string(text) : NULL);
}

void json_put_int(struct json *object, const char *key, int64_t number)
{
    put(object, key, json_integer(number));
}

void json_put_seconds(struct json *object, const char *key, int64_t ms)
{
    put(object, key, json_real((double)ms / 1000.0));
}

void json_put_known_seconds(struct json *object, const char *key, int64_t ms)
{
    if (ms < 0) {
        json_put_null(object, key);
    } else {
        json_put_seconds(object, key, ms);
    }
}

void json_put_known_int(struct json *object, const char *key, int64_t number)
{
    if (number < 0) {
        json_put_null(object, key);
    } else {
        json_put_int(object, key, number);
    }
}

void json_put_flag(struct json *object, const char *key, bool flag)
{
    put(object, key, json_boolean(flag));
}

void json_put_null(struct json *object, const char *key)
{
    put(object, key, NULL);
}

void json_put(struct json *object, const char *key, struct json *child)
{
    put(object, key, value_of(child));
}

struct json *json_put_list(struct json *object, const char *key)
{
    json_t *list = json_array();
    return json_object_set_new(value_of(object), key, list) == 0 ? named(list) : NULL;
}

void json_add(struct json *list, struct json *child)
{
    (void)json_array_append_new(value_of(list), value_of(child));
}

void json_add_int(struct json *list, int64_t number)
{
    (void)json_array_append_new(value_of(list), json_integer(number));
}

void json_add_text(struct json *list, const char *text)
{
    (void)json_array_append_new(value_of(list), json_string(text));
}

struct json *json_clone(const struct json *value)
{
    return named(json_deep_copy(value_of(value)));
}

static int add_bytes(const char *bytes, size_t len, void *context)
{
    buf_add(CHECKED(buf, context), bytes, len);
    return 0;
}

enum result json_print(const struct json *json, struct buf *out)
{
    if (json == NULL || json_dump_callback(value_of(json), add_bytes, out,
                                           JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) != 0) {
        return RESULT_FAILED;
    }
    return buf_ok(out) ? RESULT_OK : RESULT_FAILED;
}

void json_print_text(const char *text, struct buf *out)
{
    json_t *value = text != NULL ? json_string(text) : NULL;
    if (value == NULL) {
        buf_text(out, "null");
    } else {
        (void)json_dump_callback(value, add_bytes, out, JSON_ENCODE_ANY);
    }
    json_decref(value);
}

enum result json_parse(const char *text, size_t len, struct json **out)
{
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL || !json_is_object(value)) {
        json_decref(value);
        return RESULT_INVALID;
    }
    *out = named(value);
    return RESULT_OK;
}

enum result json_parse_repaired(const char *text, size_t len, struct json **out)
{
    *out = named(json_loadb(text, len, JSON_DECODE_ANY, NULL));
    return *out != NULL ? RESULT_OK : RESULT_INVALID;
}

const char *json_text_at(const struct json *object, const char *key)
{
    return json_string_value(json_object_get(value_of(object), key));
}

int64_t json_int_at(const struct json *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(value_of(object), key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

int64_t json_date_at(const struct json *object, const char *key, bool up, int64_t fallback)
{
    static const double MOST = 9007199254740992.0; /* a double has all whole numbers up to here */
    const json_t *value = json_object_get(value_of(object), key);
    if (!json_is_real(value)) {
        return json_is_integer(value) ? json_integer_value(value) : fallback;
    }
    double seconds = json_real_value(value);
    if (!(seconds >= -MOST && seconds <= MOST)) {
        return fallback;
    }
    int64_t whole = (int64_t)seconds; /* towards 0 */
    if (up) {
        return (double)whole < seconds ? whole + 1 : whole;
    }
    return (double)whole > seconds ? whole - 1 : whole;
}

int64_t json_seconds_at(const struct json *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(value_of(object), key);
    double seconds = json_is_number(value) ? json_number_value(value) : -1;
    return seconds >= 0 && seconds <= WEEK_S ? (int64_t)(seconds * 1000.0 + 0.5) : fallback;
}

const struct json *json_child_at(const struct json *object, const char *key)
{
    json_t *value = json_object_get(value_of(object), key);
    return json_is_object(value) ? named(value) : NULL;
}

bool json_has(const struct json *object, const char *key)
{
    return json_object_get(value_of(object), key) != NULL;
}

const struct json *json_list_at(const struct json *object, const char *key)
{
    json_t *value = json_object_get(value_of(object), key);
    return json_is_array(value) ? named(value) : NULL;
}

size_t json_count(const struct json *list)
{
    return json_array_size(value_of(list));
}

const struct json *json_item(const struct json *list, size_t index)
{
    return named(json_array_get(value_of(list), index));
}

/* ---- values of whatever type ---- */

const struct json *json_member(const struct json *object, const char *key)
{
    return named(json_object_get(value_of(object), key));
}

void json_each(const struct json *object,
               void (*visit)(void *context, const char *key, const struct json *value),
               void *context)
{
    json_t *value = value_of(object);
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        visit(context, json_object_iter_key(at), named(json_object_iter_value(at)));
    }
}

const char *json_text(const struct json *value)
{
    return json_string_value(value_of(value));
}

double json_number(const struct json *value, double fallback)
{
    const json_t *number = value_of(value);
    return json_is_number(number) ? json_number_value(number) : fallback;
}

bool json_is_none(const struct json *value)
{
    return value == NULL || json_is_null(value_of(value));
}

bool json_is_nested(const struct json *value)
{
    const json_t *one = value_of(value);
    return json_is_object(one) || json_is_array(one);
}

typedef void print_part(json_t *value, struct buf *out);

static void print_scalar(json_t *value, struct buf *out)
{
    if (json_is_string(value)) {
        buf_text(out, json_string_value(value));
    } else if (!json_is_null(value)) {
        (void)json_dump_callback(value, add_bytes, out,
                                 JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(DIGITS));
    }
}

static void print_parts(json_t *value, print_part *print, struct buf *out)
{
    size_t begin = out->len;
    if (!json_is_object(value) && !json_is_array(value)) {
        print_scalar(value, out);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        buf_text(out, out->len > begin ? ", " : "");
        print(json_array_get(value, i), out);
    }
    for (void *at = json_object_iter(value); at != NULL; at = json_object_iter_next(value, at)) {
        buf_format(out, "%s%s: ", out->len > begin ? ", " : "", json_object_iter_key(at));
        print(json_object_iter_value(at), out);
    }
}

static void print_inner(json_t *value, struct buf *out)
{
    print_parts(value, print_scalar, out);
}

void json_print_plain(const struct json *value, struct buf *out)
{
    if (value != NULL) {
        print_parts(value_of(value), print_inner, out);
    }
}

bool json_print_texts(const struct json *value, const char *between, struct buf *out)
{
    bool found = json_text(value) != NULL;
    buf_text(out, found ? json_text(value) : "");
    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *item = json_item(value, i);
        const char *text = json_text(item) != NULL ? json_text(item) : json_text_at(item, "text");
        if (text != NULL) {
            buf_text(out, out->len > 0 ? between : "");
            buf_text(out, text);
            found = true;
        }
    }
    return found;
}
