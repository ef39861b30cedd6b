/* Text from outside: numbers, percent escapes, and what a log line may show of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

static void check_int(const char *text)
{
    int64_t number = 77;
    char again[24];
    if (!text_int(text, INT64_MIN, INT64_MAX, &number)) {
        REQUIRE(number == 77);
        return;
    }
    const char *digits = text[0] == '-' ? text + 1 : text;
    REQUIRE(digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits));
    (void)snprintf(again, sizeof again, "%lld", (long long)number);
    digits += strspn(digits, "0");
    REQUIRE(number == 0 ? digits[0] == '\0' : strcmp(again + (again[0] == '-'), digits) == 0);
    REQUIRE(!text_int(text, number + (number < INT64_MAX), INT64_MAX, &number) ||
            number == INT64_MAX);
}

static void check_decode(const char *text, bool plus_is_space)
{
    size_t len = strlen(text), decoded = 0, escapes = 0;
    char *out = malloc(len + 1);
    if (out == NULL) {
        abort();
    }
    for (const char *c = text; *c != '\0'; c++) {
        escapes += *c == '%';
    }
    if (text_percent_decode(text, len, plus_is_space, out, &decoded)) {
        REQUIRE(decoded == len - 2 * escapes && strlen(out) == decoded);
        REQUIRE(!plus_is_space || escapes > 0 || strchr(out, '+') == NULL);
    } else {
        REQUIRE(escapes > 0 && decoded <= len && out[decoded] == '\0');
    }
    free(out);
}

/* Nothing that could end a line, a value or a key, at any size. */
static void check_log(const char *text, size_t size)
{
    char *out = malloc(size > 0 ? size : 1);
    if (out == NULL) {
        abort();
    }
    REQUIRE(text_for_log(text, out, size) == out);
    if (size > 0) {
        REQUIRE(strnlen(out, size) < size);
        for (const char *c = out; *c != '\0'; c++) {
            REQUIRE(*c > ' ' && *c < 0x7f && *c != '"' && *c != '=');
        }
    }
    free(out);
}

/* Cut anywhere within a character, it is none any more. */
static void check_utf8(const char *text)
{
    char cut[5] = "";
    if (!text_is_utf8(text)) {
        return;
    }
    for (size_t len = 0; text[len] != '\0' && len + 1 < sizeof cut; len++) {
        bool within = ((unsigned char)text[len] & 0xc0) == 0x80;
        REQUIRE(text_is_utf8(cut) == !within);
        cut[len] = text[len];
        cut[len + 1] = '\0';
    }
}

static void check_number(const char *text)
{
    char out[8];
    REQUIRE(text_last_digits(text, out) == out && strncmp(out, "...", 3) == 0);
    REQUIRE(strlen(out) == 3 || (strlen(out) == 7 && strspn(out + 3, "0123456789") == 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    fuzz_begin(&fuzz, data, size);
    size_t room = fuzz_byte(&fuzz);
    const char *text = fuzz_rest_text(&fuzz);
    check_int(text);
    check_decode(text, false);
    check_decode(text, true);
    check_log(text, room);
    check_utf8(text);
    check_number(text);
    REQUIRE(text_same(text, text));
    if (text_is_sid(text, "CA")) {
        REQUIRE(strlen(text) == SID_LENGTH && strspn(text + 2, "0123456789abcdefABCDEF") == 32);
    }
    fuzz_end(&fuzz);
    return 0;
}
