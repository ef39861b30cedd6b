/* Forms: what is decoded is no longer than what came, and written again it reads the same. */
#include <string.h>

#include "base/buf.h"
#include "base/form.h"
#include "fuzz.h"

enum { WRITTEN_MAX = 16 * 1024 * 1024 };

static size_t check_pairs(const struct form *form)
{
    size_t total = 0;
    bool repeats = false;
    REQUIRE(form->count <= FORM_MAX_PAIRS);
    for (size_t i = 0; i < form->count; i++) {
        const char *name = form->pairs[i].name;
        size_t first = 0;
        total += strlen(name) + strlen(form->pairs[i].value);
        while (strcmp(form->pairs[first].name, name) != 0) {
            first++;
        }
        repeats = repeats || first < i;
        REQUIRE(form_get(form, name) == form->pairs[first].value);
    }
    REQUIRE(form_has_repeats(form) == repeats);
    return total;
}

static void write_part(struct buf *out, const char *text)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            buf_add(out, "+", 1);
        } else if (memchr(PLAIN, *text, sizeof PLAIN - 1) != NULL) {
            buf_add(out, text, 1);
        } else {
            buf_format(out, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
}

static void check_again(const struct form *form)
{
    struct buf text;
    struct form again;
    buf_init(&text, WRITTEN_MAX);
    for (size_t i = 0; i < form->count; i++) {
        write_part(&text, form->pairs[i].name);
        buf_add(&text, "=", 1);
        write_part(&text, form->pairs[i].value);
        buf_add(&text, "&", 1);
    }
    REQUIRE(buf_ok(&text) && form_parse(&again, buf_str(&text), text.len) == RESULT_OK);
    REQUIRE(again.count == form->count);
    for (size_t i = 0; i < form->count; i++) {
        REQUIRE(strcmp(again.pairs[i].name, form->pairs[i].name) == 0);
        REQUIRE(strcmp(again.pairs[i].value, form->pairs[i].value) == 0);
    }
    form_free(&again);
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct form form;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    enum result result = form_parse(&form, text, len);
    if (result == RESULT_OK) {
        REQUIRE(check_pairs(&form) <= len);
        check_again(&form);
    } else {
        REQUIRE(result == RESULT_INVALID || result == RESULT_TOO_BIG);
        REQUIRE(form.count == 0);
    }
    form_free(&form);
    fuzz_end(&fuzz);
    return 0;
}
