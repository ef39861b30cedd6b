/* Dates: what is read can be written and read again; a second is a second. */
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"

static const int64_t YEAR_0 = INT64_C(-62167219200), YEAR_9999 = INT64_C(253402300799);

/* A zone may lead a day out of the four-digit years, a leap second a second. */
static bool is_writable(int64_t seconds)
{
    return seconds >= YEAR_0 && seconds <= YEAR_9999;
}

static void check_written(int64_t seconds)
{
    char text[CLOCK_HTTP_SIZE], iso[CLOCK_ISO_SIZE];
    int64_t again = 0;
    REQUIRE(seconds >= YEAR_0 - 86400 && seconds <= YEAR_9999 + 86400 + 1);
    REQUIRE(strlen(clock_http_date(seconds, text)) == 29);
    REQUIRE(strlen(clock_iso(seconds, iso)) == 25);
    REQUIRE(clock_parse_http_date(text, &again));
    REQUIRE(!is_writable(seconds) || again == seconds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    int64_t http = 0, mail = 0, day = 0;
    fuzz_begin(&fuzz, data, size);
    const char *text = fuzz_rest_text(&fuzz);
    bool is_http = clock_parse_http_date(text, &http);
    bool is_mail = clock_parse_rfc2822(text, &mail);
    if (is_http) {
        check_written(http);
    }
    if (is_mail) {
        check_written(mail);
    }
    if (clock_parse_day(text, &day)) {
        char iso[CLOCK_ISO_SIZE];
        REQUIRE(strncmp(clock_iso(day, iso), text, strlen("2026-11-20")) == 0);
        REQUIRE(strcmp(iso + strlen("2026-11-20"), "T00:00:00+00:00") == 0);
    }
    if (is_http && is_mail) { /* "…, 06 Nov 1994 08:49:37 GMT" is both, and the same */
        REQUIRE(http == mail);
    }
    fuzz_end(&fuzz);
    return 0;
}
