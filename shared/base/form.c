#include "form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Decodes in place: decoding never grows, and its NUL falls on the separator at the latest. */
static size_t decode_part(struct form *form, char *part, size_t len)
{
    size_t decoded;
    if (!text_percent_decode(part, len, true, part, &decoded)) {
        form->clean = false;
    }
    return decoded;
}

static void add_pair(struct form *form, char *piece, size_t len)
{
    char *equals = memchr(piece, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - piece);
    struct form_pair *pair = &form->pairs[form->count++];
    *pair = (struct form_pair){.name = piece, .value = ""};
    if (equals != NULL) {
        pair->value = equals + 1;
        pair->value_len = decode_part(form, equals + 1, len - name_len - 1);
    }
    pair->name_len = decode_part(form, piece, name_len);
}

/* The length of the piece that begins at `at`, up to its separator or the end. */
static size_t piece_at(const char *text, size_t at, size_t len)
{
    const char *end = memchr(text + at, '&', len - at);
    return end == NULL ? len - at : (size_t)(end - text) - at;
}

/* Nothing between two separators is no pair. */
static size_t count_pairs(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t at = 0, piece; at < len; at += piece + 1) {
        piece = piece_at(text, at, len);
        count += piece > 0;
    }
    return count;
}

enum result form_parse(struct form *form, const char *text, size_t len)
{
    *form = (struct form){.clean = true};
    size_t count = count_pairs(text, len);
    form->storage = malloc(len + 1);
    form->pairs = calloc(count + 1, sizeof *form->pairs);
    if (form->storage == NULL || form->pairs == NULL) {
        form_free(form);
        return RESULT_FAILED;
    }
    if (len > 0) {
        memcpy(form->storage, text, len);
    }
    form->storage[len] = '\0';
    for (size_t at = 0, piece; at < len; at += piece + 1) {
        piece = piece_at(form->storage, at, len);
        if (piece > 0) {
            add_pair(form, form->storage + at, piece);
        }
    }
    return RESULT_OK;
}

void form_free(struct form *form)
{
    if (form == NULL) {
        return;
    }
    free(form->storage);
    free(form->pairs);
    *form = (struct form){.count = 0};
}

static bool is_named(const struct form_pair *pair, const char *name, size_t len)
{
    return pair->name_len == len && memcmp(pair->name, name, len) == 0;
}

/* Where `name` is first, or `count`. */
static size_t first_of(const struct form *form, const char *name, size_t len)
{
    size_t i = 0;
    while (i < form->count && !is_named(&form->pairs[i], name, len)) {
        i++;
    }
    return i;
}

const char *form_get(const struct form *form, const char *name)
{
    size_t i = first_of(form, name, strlen(name));
    bool text = i < form->count && strlen(form->pairs[i].value) == form->pairs[i].value_len;
    return text ? form->pairs[i].value : NULL;
}

bool form_has(const struct form *form, const char *name)
{
    return first_of(form, name, strlen(name)) < form->count;
}

bool form_differs(const struct form *form, const char *name)
{
    size_t len = strlen(name);
    size_t first = first_of(form, name, len);
    for (size_t i = first + 1; i < form->count; i++) {
        if (is_named(&form->pairs[i], name, len) &&
            form_compare(&form->pairs[first], &form->pairs[i]) != 0) {
            return true;
        }
    }
    return false;
}

bool form_has_repeats(const struct form *form)
{
    for (size_t i = 1; i < form->count; i++) {
        if (first_of(form, form->pairs[i].name, form->pairs[i].name_len) < i) {
            return true;
        }
    }
    return false;
}

static int compare_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

int form_compare(const void *a, const void *b)
{
    const struct form_pair *left = a;
    const struct form_pair *right = b;
    int names = compare_bytes(left->name, left->name_len, right->name, right->name_len);
    return names != 0 ? names
                      : compare_bytes(left->value, left->value_len, right->value, right->value_len);
}

void form_escape(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0, plain = 0; i<len; i += plain> 0 ? plain : 1) {
        plain = 0;
        while (i + plain < len && text[i + plain] > ' ' && text[i + plain] < 0x7f) {
            plain++;
        }
        if (plain > 0) {
            buf_add(out, text + i, plain);
        } else {
            buf_format(out, "%%%02X", (unsigned)(unsigned char)text[i]);
        }
    }
}
