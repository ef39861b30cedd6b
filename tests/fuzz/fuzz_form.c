/* Forms: what is decoded is no longer than what came, and written again it reads the same. */
#include <string.h>

#include "base/buf.h"
#include "base/form.h"
#include "fuzz.h"

enum { WRITTEN_MAX = 16 * 1024 * 1024 };

static bool same_bytes(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

static size_t check_pairs(const struct form *form)
{
    size_t total = 0;
    bool repeats = false;
    for (size_t i = 0; i < form->count; i++) {
        const struct form_pair *pair = &form->pairs[i];
        const struct form_pair *first = form->pairs;
        total += pair->name_len + pair->value_len;
        REQUIRE(pair->name[pair->name_len] == '\0' && pair->value[pair->value_len] == '\0');
        while (!same_bytes(first->name, first->name_len, pair->name, pair->name_len)) {
            first++;
        }
        repeats = repeats || first < pair;
        if (strlen(pair->name) == pair->name_len) {
            bool text = strlen(first->value) == first->value_len;
            REQUIRE(form_has(form, pair->name));
            REQUIRE(form_get(form, pair->name) == (text ? first->value : NULL));
            REQUIRE(form_compare(first, pair) == 0 || form_differs(form, pair->name));
        }
    }
    REQUIRE(form_has_repeats(form) == repeats);
    return total;
}

static void write_part(struct buf *out, const char *text, size_t len)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ') {
            buf_add(out, "+", 1);
        } else if (memchr(PLAIN, text[i], sizeof PLAIN - 1) != NULL) {
            buf_add(out, text + i, 1);
        } else {
            buf_format(out, "%%%02X", (unsigned)(unsigned char)text[i]);
        }
    }
}

static void check_reads(const struct form *form, const struct buf *text)
{
    struct form again;
    REQUIRE(buf_ok(text) && form_parse(&again, buf_str(text), text->len) == RESULT_OK);
    REQUIRE(again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        REQUIRE(form_compare(&again.pairs[i], &form->pairs[i]) == 0);
    }
    form_free(&again);
}

static void check_again(const struct form *form, const char *came, size_t len)
{
    struct buf text;
    buf_init(&text, WRITTEN_MAX);
    for (size_t i = 0; i < form->count; i++) {
        write_part(&text, form->pairs[i].name, form->pairs[i].name_len);
        buf_text(&text, "=");
        write_part(&text, form->pairs[i].value, form->pairs[i].value_len);
        buf_text(&text, "&");
    }
    check_reads(form, &text);
    buf_clear(&text);
    form_escape(came, len, &text);
    for (const char *c = buf_str(&text); *c != '\0'; c++) {
        REQUIRE(*c > ' ' && *c < 0x7f);
    }
    check_reads(form, &text);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct form form;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    REQUIRE(form_parse(&form, text, len) == RESULT_OK && check_pairs(&form) <= len);
    check_again(&form, text, len);
    form_free(&form);
    fuzz_end(&fuzz);
    return 0;
}
