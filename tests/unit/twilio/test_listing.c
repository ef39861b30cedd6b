#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "twilio/listing.h"

#define AC "AC0123456789abcdef0123456789abcdef"
#define OTHER_AC "ACffffffffffffffffffffffffffffffff"
#define CA "CA0123456789abcdef0123456789abcdef"
#define RE "REfedcba9876543210fedcba9876543210"
#define OTHER_RE "RE00000000000000000000000000000000"
#define LIST "/2010-04-01/Accounts/" AC "/Recordings.json"

/* An entry of Twilio's list; a field that is said again later in the text would be refused. */
#define SIDS "\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "\",\"sid\":\"" RE "\""
#define ENTRY "{" SIDS ",\"status\":\"completed\"}"
#define PAGE(entries) "{\"recordings\":[" entries "],\"next_page_uri\":null}"
#define PAGE_BEFORE(next) "{\"recordings\":[" ENTRY "],\"next_page_uri\":\"" next "\"}"

/* ---- what a page says ---- */

enum { KEPT_MAX = 4, TEXT_SIZE = 48 };

struct kept {
    char account[TEXT_SIZE], call[TEXT_SIZE], recording[TEXT_SIZE];
    enum recording_status status;
    int64_t duration, channels, start_time;
    bool has_error_code;
    char source[TEXT_SIZE], track[TEXT_SIZE];
};

struct page {
    enum result result;
    size_t count; /* of entries visited, kept or not */
    struct kept kept[KEPT_MAX];
    char next[LISTING_URI_SIZE];
};

static void keep(void *context, const struct recording_callback *callback)
{
    struct page *page = context;
    struct kept *kept = &page->kept[page->count++ % KEPT_MAX];
    (void)snprintf(kept->account, sizeof kept->account, "%s", callback->account_sid);
    (void)snprintf(kept->call, sizeof kept->call, "%s", callback->call_sid);
    (void)snprintf(kept->recording, sizeof kept->recording, "%s", callback->recording_sid);
    kept->status = callback->status;
    kept->duration = callback->duration;
    kept->channels = callback->channels;
    kept->start_time = callback->start_time;
    kept->has_error_code = callback->error_code != NULL;
    (void)snprintf(kept->source, sizeof kept->source, "%s",
                   callback->source != NULL ? callback->source : "-");
    (void)snprintf(kept->track, sizeof kept->track, "%s",
                   callback->track != NULL ? callback->track : "-");
}

/* From memory of exactly this length, so that a byte read past its end is seen. */
static struct page read_bytes(const char *text, size_t len)
{
    struct page page = {.next = "never written"};
    char *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    page.result = listing_read(exact, len, AC, keep, &page, page.next);
    free(exact);
    return page;
}

static struct page read_page(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void test_an_entry_in_full(void **state)
{
    (void)state;
    struct page page =
        read_page(PAGE("{" SIDS ",\"status\":\"completed\",\"duration\":\"47\",\"channels\":2,"
                       "\"api_version\":\"2010-04-01\",\"conference_sid\":null,\"error_code\":null,"
                       "\"date_created\":\"Wed, 02 Sep 2026 10:08:03 +0000\",\"price\":\"-0.0025\","
                       "\"encryption_details\":{\"type\":\"rsa-aes\"},\"source\":\"DialVerb\","
                       "\"track\":\"<both>\"}"));
    assert_int_equal(page.result, RESULT_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.kept[0].account, AC);
    assert_string_equal(page.kept[0].call, CA);
    assert_string_equal(page.kept[0].recording, RE);
    assert_int_equal(page.kept[0].status, RECORDING_COMPLETED);
    assert_int_equal(page.kept[0].duration, 47);
    assert_int_equal(page.kept[0].channels, 2);
    assert_true(page.kept[0].start_time == CALLBACK_UNKNOWN);
    assert_string_equal(page.kept[0].source, "DialVerb");
    assert_string_equal(page.kept[0].track, "-");
    assert_string_equal(page.next, "");
}

static void test_an_entry_at_its_least(void **state)
{
    (void)state;
    struct page page = read_page(PAGE(ENTRY));
    assert_int_equal(page.result, RESULT_OK);
    assert_int_equal(page.count, 1);
    assert_true(page.kept[0].duration == CALLBACK_UNKNOWN);
    assert_true(page.kept[0].channels == CALLBACK_UNKNOWN);
    assert_false(page.kept[0].has_error_code);
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum recording_status status;
    } cases[] = {
        {"in-progress", RECORDING_IN_PROGRESS},
        {"completed", RECORDING_COMPLETED},
        {"absent", RECORDING_ABSENT},
        {"failed", RECORDING_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text, PAGE("{" SIDS ",\"status\":\"%s\"}"), cases[i].word);
        struct page page = read_page(text);
        assert_int_equal(page.result, RESULT_OK);
        assert_int_equal(page.count, 1);
        assert_int_equal(page.kept[0].status, cases[i].status);
    }
}

/* Twilio writes numbers as text, as numbers, as -1 or not at all. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *written;
        int64_t duration, channels;
    } cases[] = {
        {"\"1\"", 1, 1},
        {"1", 1, 1},
        {"2", 2, 2},
        {"\"0\"", 0, CALLBACK_UNKNOWN},
        {"0", 0, CALLBACK_UNKNOWN},
        {"3", 3, CALLBACK_UNKNOWN},
        {"2147483647", INT32_MAX, CALLBACK_UNKNOWN},
        {"2147483648", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"2147483648\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"-1\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"-1", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"-9223372036854775808", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"99999999999999999999\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\" 2\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"2x\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"\"1.5\"", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"1.5", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"null", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"true", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"[2]", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
        {"{}", CALLBACK_UNKNOWN, CALLBACK_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        (void)snprintf(text, sizeof text,
                       PAGE("{" SIDS ",\"status\":\"completed\",\"duration\":%s,\"channels\":%s}"),
                       cases[i].written, cases[i].written);
        struct page page = read_page(text);
        if (page.count != 1 || page.kept[0].duration != cases[i].duration ||
            page.kept[0].channels != cases[i].channels) {
            print_error("%s: %d, %lld and %lld\n", cases[i].written, (int)page.result,
                        (long long)page.kept[0].duration, (long long)page.kept[0].channels);
        }
        assert_int_equal(page.count, 1);
        assert_true(page.kept[0].duration == cases[i].duration);
        assert_true(page.kept[0].channels == cases[i].channels);
    }
}

/* Conferences' recordings, other accounts', and what makes no sense: the others still count. */
static void test_what_is_no_calls_recording_is_passed_over(void **state)
{
    (void)state;
#define STATUS ",\"status\":\"completed\"}"
    static const char *const others[] = {
        "{\"account_sid\":\"" AC "\",\"call_sid\":null,\"conference_sid\":\"CF\",\"sid\":\"" RE
        "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"sid\":\"" RE "\"" STATUS,
        "{\"account_sid\":\"" OTHER_AC "\",\"call_sid\":\"" CA "\",\"sid\":\"" RE "\"" STATUS,
        "{\"account_sid\":null,\"call_sid\":\"" CA "\",\"sid\":\"" RE "\"" STATUS,
        "{\"call_sid\":\"" CA "\",\"sid\":\"" RE "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "\",\"sid\":7" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"" RE "\",\"sid\":\"" RE "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "\",\"sid\":\"" CA "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"CA/../x\",\"sid\":\"" RE "\"" STATUS,
        "{\"account_sid\":\"" AC "\",\"call_sid\":\"" CA "0\",\"sid\":\"" RE "\"" STATUS,
        "{" SIDS "}",
        "{" SIDS ",\"status\":null}",
        "{" SIDS ",\"status\":\"\"}",
        "{" SIDS ",\"status\":\"processing\"}",
        "{" SIDS ",\"status\":\"paused\"}",
        "{" SIDS ",\"status\":\"Completed\"}",
        "{" SIDS ",\"status\":1}",
        "null",
        "7",
        "\"" RE "\"",
        "[" ENTRY "]",
        "{}",
    };
#undef STATUS
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char text[2048];
        (void)snprintf(text, sizeof text, PAGE("%s,%s,%s"), others[i], ENTRY, others[i]);
        struct page page = read_page(text);
        if (page.result != RESULT_OK || page.count != 1) {
            print_error("%s: %zu\n", others[i], page.count);
        }
        assert_int_equal(page.result, RESULT_OK);
        assert_int_equal(page.count, 1);
        assert_string_equal(page.kept[0].recording, RE);
    }
}

static void test_entries_come_in_the_pages_order(void **state)
{
    (void)state;
    struct page page = read_page(PAGE(ENTRY ",{\"account_sid\":\"" AC "\",\"call_sid\":\"" CA
                                            "\",\"sid\":\"" OTHER_RE "\",\"status\":\"absent\"}"));
    assert_int_equal(page.count, 2);
    assert_string_equal(page.kept[0].recording, RE);
    assert_string_equal(page.kept[1].recording, OTHER_RE);
    page = read_page(PAGE(""));
    assert_int_equal(page.result, RESULT_OK);
    assert_int_equal(page.count, 0);
    assert_string_equal(page.next, "");
}

/* ---- what is no page ---- */

static void test_what_is_no_page(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "null",
        "[]",
        "7",
        "\"recordings\"",
        "{}",
        "{\"recordings\":null}",
        "{\"recordings\":{}}",
        "{\"recordings\":\"" ENTRY "\"}",
        "{\"Recordings\":[]}",
        "{\"recordings\":[" ENTRY "],\"recordings\":[]}",
        "{\"recordings\":[" ENTRY "]",
        "{\"recordings\":[" ENTRY "]} x",
        "{\"recordings\":[" ENTRY ",]}",
        "{'recordings':[]}",
        "{\"recordings\":[\"\xff\"]}",
        "{\"recordings\":[\"\\u0000\"]}",
        "<!DOCTYPE html>\n<title>Bad Gateway</title>",
        "{\"code\":20003,\"message\":\"Authenticate\",\"status\":401}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct page page = read_page(texts[i]);
        if (page.result != RESULT_INVALID) {
            print_error("%s: %d\n", texts[i], (int)page.result);
        }
        assert_int_equal(page.result, RESULT_INVALID);
        assert_int_equal(page.count, 0);
    }
    static const char ZERO[] = PAGE(ENTRY) "\0";
    assert_int_equal(read_bytes(ZERO, sizeof ZERO).result, RESULT_INVALID);
}

static void test_a_page_that_is_nested_deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    static const char HEAD[] = "{\"recordings\":";
    char *text = malloc(sizeof HEAD + DEPTH);
    assert_non_null(text);
    memcpy(text, HEAD, sizeof HEAD - 1);
    memset(text + sizeof HEAD - 1, '[', DEPTH);
    assert_int_equal(read_bytes(text, sizeof HEAD - 1 + DEPTH).result, RESULT_INVALID);
    free(text);
}

/* ---- the next page ---- */

static void test_the_next_page(void **state)
{
    (void)state;
    static const char NEXT[] = LIST "?DateCreated%3E=2026-11-18&PageSize=2&Page=1&PageToken=PA" RE;
    struct page page =
        read_page(PAGE_BEFORE(LIST "?DateCreated%3E=2026-11-18&PageSize=2&Page=1&PageToken=PA" RE));
    assert_int_equal(page.result, RESULT_OK);
    assert_int_equal(page.count, 1);
    assert_string_equal(page.next, NEXT);
    assert_true(listing_is_own(NEXT, AC));
    page = read_page("{\"recordings\":[" ENTRY "]}"); /* said by saying nothing */
    assert_int_equal(page.result, RESULT_OK);
    assert_string_equal(page.next, "");
}

/* A page that leads away is not believed in anything: nothing of it is told. */
static void test_a_next_page_that_is_not_ours(void **state)
{
    (void)state;
    static const char *const uris[] = {
        "",
        "/",
        "?PageToken=x",
        "Recordings.json",
        "/2010-04-01/Accounts/" OTHER_AC "/Recordings.json?Page=1",
        "/2010-04-01/Accounts/" AC "/Calls.json",
        "/2010-04-01/Accounts/" AC "/Recordings",
        "/2010-04-01/Accounts/" AC "/Recordings.json.evil.example/",
        "/2010-04-01/Accounts/" AC "/Recordings.json/../../" OTHER_AC "/Recordings.json",
        "/2010-04-01/Accounts/" AC "/Recordings.json#?x",
        "/2010-04-01/Accounts/../Accounts/" AC "/Recordings.json",
        "//evil.example" LIST,
        "http://evil.example" LIST,
        "https://api.twilio.com" LIST,
        "@evil.example" LIST,
        ".evil.example" LIST,
        ":80@evil.example" LIST,
        " " LIST,
        LIST " ",
        LIST "?a b",
        LIST "?a\\r\\nHost: evil.example",
        LIST "?a\\u00e9",
        LIST "?a\\u007f",
    };
    for (size_t i = 0; i < sizeof uris / sizeof uris[0]; i++) {
        char text[2048];
        (void)snprintf(text, sizeof text, PAGE_BEFORE("%s"), uris[i]);
        struct page page = read_page(text);
        if (page.result != RESULT_INVALID) {
            print_error("%s: %d\n", uris[i], (int)page.result);
        }
        assert_int_equal(page.result, RESULT_INVALID);
        assert_int_equal(page.count, 0);
        assert_string_equal(page.next, "");
    }
}

static void test_the_longest_next_page(void **state)
{
    (void)state;
    static const char HEAD[] = "{\"recordings\":[],\"next_page_uri\":\"" LIST "?";
    for (size_t len = LISTING_URI_SIZE - 2; len <= LISTING_URI_SIZE; len++) {
        char text[2 * LISTING_URI_SIZE] = {0};
        size_t end = sizeof HEAD - 1 + len - strlen(LIST "?");
        memset(text, 'x', end);
        memcpy(text, HEAD, sizeof HEAD - 1);
        memcpy(text + end, "\"}", 2);
        struct page page = read_page(text);
        bool fits = len < LISTING_URI_SIZE;
        assert_int_equal(page.result, fits ? RESULT_OK : RESULT_INVALID);
        assert_int_equal(strlen(page.next), fits ? len : 0);
    }
}

static void test_whose_list_it_is(void **state)
{
    (void)state;
    assert_true(listing_is_own(LIST, AC));
    assert_true(listing_is_own(LIST "?", AC));
    assert_true(listing_is_own(LIST "?a=/../b?c", AC));
    assert_false(listing_is_own(LIST, OTHER_AC));
    assert_false(listing_is_own("", AC));
    char *huge = malloc(2 * LISTING_URI_SIZE); /* an account that is none */
    assert_non_null(huge);
    memset(huge, 'A', 2 * LISTING_URI_SIZE);
    huge[2 * LISTING_URI_SIZE - 1] = '\0';
    assert_false(listing_is_own(LIST, huge));
    free(huge);
}

/* ---- the first page ---- */

static void test_the_first_page(void **state)
{
    (void)state;
    static const struct {
        int64_t since;
        const char *day;
    } cases[] = {
        {0, "1970-01-01"},
        {1788343683, "2026-09-02"},
        {1788307199, "2026-09-01"},
        {1788307200, "2026-09-02"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char uri[LISTING_URI_SIZE], expected[LISTING_URI_SIZE];
        (void)snprintf(expected, sizeof expected, LIST "?DateCreated%%3E=%s&PageSize=1000",
                       cases[i].day);
        assert_int_equal(listing_first(AC, cases[i].since, 1000, uri), RESULT_OK);
        assert_string_equal(uri, expected);
        assert_true(listing_is_own(uri, AC));
    }
}

static void test_a_first_page_that_does_not_fit(void **state)
{
    (void)state;
    char account[LISTING_URI_SIZE], uri[LISTING_URI_SIZE];
    assert_int_equal(listing_first(AC, 0, 50, uri), RESULT_OK);
    size_t around = strlen(uri) - strlen(AC);
    for (size_t len = 900; len < sizeof account; len++) {
        memset(account, 'A', len);
        account[len] = '\0';
        bool fits = around + len < LISTING_URI_SIZE;
        assert_int_equal(listing_first(account, 0, 50, uri), fits ? RESULT_OK : RESULT_TOO_BIG);
    }
}

static void test_between_two_days(void **state)
{
    enum { DAY_S = 86400 };
    char uri[LISTING_URI_SIZE];
    (void)state;
    assert_int_equal(listing_between(AC, 3600, 2 * DAY_S, 50, uri), RESULT_OK);
    assert_string_equal(uri,
                        LIST "?DateCreated%3E=1970-01-01&DateCreated%3C=1970-01-04&PageSize=50");
    assert_true(listing_is_own(uri, AC));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_between_two_days),
        cmocka_unit_test(test_an_entry_in_full),
        cmocka_unit_test(test_an_entry_at_its_least),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_what_is_no_calls_recording_is_passed_over),
        cmocka_unit_test(test_entries_come_in_the_pages_order),
        cmocka_unit_test(test_what_is_no_page),
        cmocka_unit_test(test_a_page_that_is_nested_deep),
        cmocka_unit_test(test_the_next_page),
        cmocka_unit_test(test_a_next_page_that_is_not_ours),
        cmocka_unit_test(test_the_longest_next_page),
        cmocka_unit_test(test_whose_list_it_is),
        cmocka_unit_test(test_the_first_page),
        cmocka_unit_test(test_a_first_page_that_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
