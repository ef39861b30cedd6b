#include "form.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Decodes in place: decoding never grows, and its NUL falls on the separator at the latest. */
static bool decode_part(char *part, size_t len)
{
    size_t decoded = 0;
    return text_percent_decode(part, len, true, part, &decoded);
}

static enum result add_pair(struct form *form, char *piece, size_t len)
{
    if (form->count == FORM_MAX_PAIRS) {
        return RESULT_TOO_BIG;
    }
    char *equals = memchr(piece, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - piece);
    struct form_pair pair = {.name = piece, .value = ""};
    if (equals != NULL) {
        pair.value = equals + 1;
        if (!decode_part(equals + 1, len - name_len - 1)) {
            return RESULT_INVALID;
        }
    }
    if (!decode_part(piece, name_len)) {
        return RESULT_INVALID;
    }
    form->pairs[form->count++] = pair;
    return RESULT_OK;
}

static enum result split(struct form *form, size_t len)
{
    size_t at = 0;
    while (at < len) {
        char *piece = form->storage + at;
        char *end = memchr(piece, '&', len - at);
        size_t piece_len = end == NULL ? len - at : (size_t)(end - piece);
        enum result result = piece_len == 0 ? RESULT_OK : add_pair(form, piece, piece_len);
        if (result != RESULT_OK) {
            return result;
        }
        at += piece_len + 1;
    }
    return RESULT_OK;
}

enum result form_parse(struct form *form, const char *text, size_t len)
{
    form->count = 0;
    form->storage = NULL;
    if (len == SIZE_MAX) {
        return RESULT_TOO_BIG;
    }
    form->storage = malloc(len + 1);
    if (form->storage == NULL) {
        return RESULT_FAILED;
    }
    if (len > 0) {
        memcpy(form->storage, text, len);
    }
    form->storage[len] = '\0';
    enum result result = split(form, len);
    if (result != RESULT_OK) {
        form_free(form);
    }
    return result;
}

void form_free(struct form *form)
{
    if (form == NULL) {
        return;
    }
    free(form->storage);
    form->storage = NULL;
    form->count = 0;
}

/* Where `name` is first, or `count`. */
static size_t first_of(const struct form *form, const char *name)
{
    size_t i = 0;
    while (i < form->count && strcmp(form->pairs[i].name, name) != 0) {
        i++;
    }
    return i;
}

const char *form_get(const struct form *form, const char *name)
{
    size_t i = first_of(form, name);
    return i < form->count ? form->pairs[i].value : NULL;
}

bool form_has_repeats(const struct form *form)
{
    for (size_t i = 1; i < form->count; i++) {
        if (first_of(form, form->pairs[i].name) < i) {
            return true;
        }
    }
    return false;
}
