/* From a callback's form to what is written in rows: every field checked, or it is named. */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "twilio/callback.h"

enum { WORD_MAX = 64 };

static void check_word(const char *word)
{
    REQUIRE(word == NULL || (word[0] != '\0' && strlen(word) <= WORD_MAX));
    for (; word != NULL && *word != '\0'; word++) {
        REQUIRE(*word > ' ' && *word <= 'z');
    }
}

/* A field of the form, or one that it lacks: never something that came. */
static void check_field(enum result result, const char *field)
{
    REQUIRE(result == RESULT_OK || result == RESULT_INVALID);
    REQUIRE(result == RESULT_OK || field != NULL);
    REQUIRE(field == NULL ||
            strspn(field, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == strlen(field));
}

static void check_recording(const struct form *form)
{
    struct recording_callback c;
    const char *field;
    enum result result = callback_recording(form, &c, &field);
    check_field(result, field);
    if (result != RESULT_OK) {
        return;
    }
    REQUIRE(text_is_sid(c.account_sid, "AC"));
    REQUIRE(c.call_sid != NULL || c.conference_sid != NULL);
    REQUIRE(c.call_sid == NULL || text_is_sid(c.call_sid, "CA"));
    REQUIRE(c.conference_sid == NULL || text_is_sid(c.conference_sid, "CF"));
    check_word(c.source);
    check_word(c.track);
    REQUIRE(text_is_sid(c.recording_sid, "RE") && c.status <= RECORDING_FAILED);
    REQUIRE(strcmp(recording_status_name(c.status), form_get(form, "RecordingStatus")) == 0);
    REQUIRE(c.duration >= CALLBACK_UNKNOWN && c.duration <= INT32_MAX);
    REQUIRE(c.channels == CALLBACK_UNKNOWN || c.channels == 1 || c.channels == 2);
    if (c.error_code != NULL) {
        size_t digits = strspn(c.error_code, "0123456789");
        REQUIRE(digits > 0 && c.error_code[digits] == '\0');
    }
}

static void check_party(const char *party)
{
    if (party == NULL) {
        return;
    }
    REQUIRE(party[0] != '\0' && text_is_utf8(party));
    for (; *party != '\0'; party++) {
        REQUIRE((unsigned char)*party >= ' ' && *party != 0x7f);
    }
}

static void check_call(const struct form *form)
{
    struct call_callback c;
    const char *field;
    enum result result = callback_call(form, &c, &field);
    check_field(result, field);
    if (result != RESULT_OK) {
        return;
    }
    REQUIRE(text_is_sid(c.account_sid, "AC") && text_is_sid(c.call_sid, "CA"));
    REQUIRE(c.parent_call_sid == NULL || text_is_sid(c.parent_call_sid, "CA"));
    REQUIRE(c.status == NULL || strspn(c.status, "abcdefghijklmnopqrstuvwxyz-") > 3);
    REQUIRE(c.status != NULL || field != NULL);
    REQUIRE(c.direction == NULL || strstr(c.direction, "bound") != NULL);
    REQUIRE(c.duration >= CALLBACK_UNKNOWN && c.duration <= INT32_MAX);
    check_party(c.from);
    check_party(c.to);
}

static void check_conference(const struct form *form)
{
    struct conference_callback c;
    const char *field;
    enum result result = callback_conference(form, &c, &field);
    check_field(result, field);
    if (result == RESULT_OK) {
        REQUIRE(text_is_sid(c.account_sid, "AC") && text_is_sid(c.conference_sid, "CF"));
        REQUIRE(c.call_sid == NULL || text_is_sid(c.call_sid, "CA"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct form form;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    if (form_parse(&form, text, len) == RESULT_OK) {
        check_recording(&form);
        check_call(&form);
        check_conference(&form);
    }
    form_free(&form);
    fuzz_end(&fuzz);
    return 0;
}
