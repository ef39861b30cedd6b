/* What the provider's API answers, as JSON: no entry but this account's, no next page but of this
 * list, no participant but this conference's. */
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "twilio/listing.h"
#include "twilio/participants.h"

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"
#define CONFERENCE "CF0123456789abcdef0123456789abcdef"

static void check_entry(void *context, const struct recording_callback *c)
{
    size_t *seen = context;
    (*seen)++;
    REQUIRE(strcmp(c->account_sid, ACCOUNT) == 0 && c->status <= RECORDING_FAILED);
    REQUIRE(callback_belongs(c) && text_is_sid(c->recording_sid, "RE"));
    REQUIRE(c->duration >= CALLBACK_UNKNOWN && c->duration <= INT32_MAX);
    REQUIRE(c->channels == CALLBACK_UNKNOWN || c->channels == 1 || c->channels == 2);
    REQUIRE(c->start_time >= CALLBACK_UNKNOWN && c->error_code == NULL);
}

static void check_call(void *context, const char *call_sid)
{
    size_t *seen = context;
    (*seen)++;
    REQUIRE(text_is_sid(call_sid, "CA"));
}

static void check_participants(const char *text, size_t len)
{
    size_t calls = 0;
    bool is_over;
    enum result result =
        participants_read_conference(text, len, ACCOUNT, CONFERENCE, check_call, &calls, &is_over);
    REQUIRE(calls == 0 || (calls == 1 && result == RESULT_OK && is_over));
    calls = 0;
    result = participants_read_list(text, len, ACCOUNT, CONFERENCE, check_call, &calls);
    REQUIRE(result == RESULT_OK || (result == RESULT_INVALID && calls == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char PATH[] = "/2010-04-01/Accounts/" ACCOUNT "/Recordings.json";
    char next[LISTING_URI_SIZE];
    struct fuzz fuzz;
    size_t len, seen = 0;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_bytes(&fuzz, &len);
    enum result result = listing_read(text, len, ACCOUNT, check_entry, &seen, next);
    REQUIRE(result == RESULT_OK || (result == RESULT_INVALID && seen == 0));
    if (result == RESULT_OK && next[0] != '\0') {
        REQUIRE(strlen(next) < sizeof next && listing_is_own(next, ACCOUNT));
        REQUIRE(strncmp(next, PATH, sizeof PATH - 1) == 0);
        REQUIRE(next[sizeof PATH - 1] == '\0' || next[sizeof PATH - 1] == '?');
    }
    check_participants(text, len);
    fuzz_end(&fuzz);
    return 0;
}
