/*
 * JSON, built and read; the only home of jansson.
 *
 * Written compact and in UTF-8 as it is (Hebrew not escaped). A put that finds no memory, or text
 * that is not UTF-8, puts null: the document stays a document.
 */
#ifndef TAPEDECK_CLIENTS_JSON_H
#define TAPEDECK_CLIENTS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

struct json;

/* An empty object or list; NULL without memory, which every function here takes. */
struct json *json_new(void);
struct json *json_new_list(void);

/* json_free(NULL) is safe. Frees what was put inside, too. */
void json_free(struct json *json);

void json_put_text(struct json *object, const char *key, const char *text); /* NULL: null */
void json_put_int(struct json *object, const char *key, int64_t number);
void json_put_seconds(struct json *object, const char *key, int64_t ms); /* 1250: 1.25 */
/* Null for what is not known: below 0. */
void json_put_known_seconds(struct json *object, const char *key, int64_t ms);
void json_put_known_int(struct json *object, const char *key, int64_t number);
void json_put_flag(struct json *object, const char *key, bool flag);
void json_put_null(struct json *object, const char *key);

/* Puts an empty list, and gives it to be filled: borrowed, NULL without memory. */
struct json *json_put_list(struct json *object, const char *key);

/* These take ownership of `child`. */
void json_put(struct json *object, const char *key, struct json *child);
void json_add(struct json *list, struct json *child);
void json_add_int(struct json *list, int64_t number);
void json_add_text(struct json *list, const char *text);

/* A copy of a value with all that is in it; the caller frees it. */
struct json *json_clone(const struct json *value);

/* Appends the document. RESULT_FAILED when it cannot be written. */
enum result json_print(const struct json *json, struct buf *out);

/* Appends one string, quoted, without a document around it; null for NULL and for what is no UTF-8.
 */
void json_print_text(const char *text, struct buf *out);

/* Parses one object of at most `len` bytes, depth bounded by jansson. RESULT_INVALID otherwise.
 * The caller frees *out. */
enum result json_parse(const char *text, size_t len, struct json **out);

/* Parses a value of any type that json_repair.h made; of members with the same name the last
 * counts. RESULT_INVALID otherwise. The caller frees *out. */
enum result json_parse_repaired(const char *text, size_t len, struct json **out);

/* A member of an object, or NULL / the fallback when it is missing or of another type. */
const char *json_text_at(const struct json *object, const char *key);
int64_t json_int_at(const struct json *object, const char *key, int64_t fallback);

/* A date in seconds since 1970 (RFC 7519, 2: NumericDate), which may have a fraction or an
 * exponent: the whole second before it, or behind it with `up`. The fallback for what is no number,
 * or is a fraction beyond 2^53. */
int64_t json_date_at(const struct json *object, const char *key, bool up, int64_t fallback);

/* A number of seconds, as milliseconds; the fallback for one below 0 or above a week. */
int64_t json_seconds_at(const struct json *object, const char *key, int64_t fallback);

/* A member that is an object, or NULL; borrowed. */
const struct json *json_child_at(const struct json *object, const char *key);

/* A member that is a list, or NULL; borrowed. How many items it has, and one of them. */
const struct json *json_list_at(const struct json *object, const char *key);
size_t json_count(const struct json *list);
const struct json *json_item(const struct json *list, size_t index);

/* A member of whatever type, or NULL; borrowed. */
const struct json *json_member(const struct json *object, const char *key);

/* Visits the members of an object; of any other value, none. */
void json_each(const struct json *object,
               void (*visit)(void *context, const char *key, const struct json *value),
               void *context);

/* The text of a value that is one, or NULL; the number, or the fallback. */
const char *json_text(const struct json *value);
double json_number(const struct json *value, double fallback);
bool json_is_none(const struct json *value);   /* null, or not there */
bool json_is_nested(const struct json *value); /* an object or a list */

/* Appends a value as people would write it: texts as they are, lists joined by ", ", the members of
 * an object as "key: value", and nothing for null; what is nested deeper, as JSON. */
void json_print_plain(const struct json *value, struct buf *out);

/* Appends a text, or those of a list, with `between` before each that is not the first in `out`:
 * its items, or their members `text`. False: there is none. */
bool json_print_texts(const struct json *value, const char *between, struct buf *out);

/* True when an object has this member, of whatever type. */
bool json_has(const struct json *object, const char *key);

#endif
