/* A RecordingUrl: only its SIDs survive, and the URL that is fetched is under our own base. */
#include <string.h>

#include "fuzz.h"
#include "twilio/media.h"

#define BASE "https://api.twilio.com"

static void check_ref(const struct media_ref *ref)
{
    char url[MEDIA_URL_SIZE];
    struct media_ref again;
    REQUIRE(text_is_sid(ref->account_sid, "AC") && text_is_sid(ref->recording_sid, "RE"));
    REQUIRE(media_url(BASE, ref, url) == RESULT_OK);
    for (int format = 0; format <= MEDIA_FORMATS; format++) {
        if (format < MEDIA_FORMATS) {
            REQUIRE(media_format_url(BASE, ref, (enum media_format)format, url) == RESULT_OK);
        }
        REQUIRE(strncmp(url, BASE "/2010-04-01/Accounts/AC", sizeof BASE - 1 + 23) == 0);
        REQUIRE(media_parse(url, &again) == RESULT_OK);
        REQUIRE(strcmp(again.account_sid, ref->account_sid) == 0);
        REQUIRE(strcmp(again.recording_sid, ref->recording_sid) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct media_ref ref;
    enum media_format format;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_text(&fuzz);
    if (media_parse(text, &ref) == RESULT_OK) {
        REQUIRE(strstr(text, ref.account_sid) != NULL && strstr(text, ref.recording_sid) != NULL);
        check_ref(&ref);
    }
    if (media_format_from_name(text, strlen(text), &format)) {
        REQUIRE(strcmp(media_format_name(format), text) == 0);
    }
    fuzz_end(&fuzz);
    return 0;
}
