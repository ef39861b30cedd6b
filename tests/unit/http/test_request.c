#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "fake_io.h"

#define FORM "application/x-www-form-urlencoded"

/* One request, begun. */
struct begun {
    struct fake_request fake;
    struct request_io io;
    struct request request;
    enum result result;
};

static struct begun *begin(struct begun *b, const char *method, const char *target)
{
    *b = (struct begun){.fake.params = {{"REQUEST_METHOD", method}, {"REQUEST_URI", target}}};
    b->io = fake_request_io(&b->fake);
    b->result = request_begin(&b->request, &b->io);
    return b;
}

static void end(struct begun *b)
{
    request_free(&b->request);
}

/* ---- the request line ---- */

static void test_methods(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum method method;
    } cases[] = {
        {"GET", METHOD_GET},       {"HEAD", METHOD_HEAD},       {"POST", METHOD_POST},
        {"DELETE", METHOD_DELETE}, {"OPTIONS", METHOD_OPTIONS}, {"PUT", METHOD_PUT},
        {"PATCH", METHOD_PATCH},   {"TRACE", METHOD_OTHER},     {"get", METHOD_OTHER},
        {"GET ", METHOD_OTHER},    {"GETS", METHOD_OTHER},      {"GE", METHOD_OTHER},
        {"", METHOD_OTHER},        {NULL, METHOD_OTHER},        {"\xd7\x90", METHOD_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct begun b;
        begin(&b, cases[i].name, "/healthz");
        assert_int_equal(b.result, RESULT_OK);
        assert_int_equal(b.request.method, cases[i].method);
        end(&b);
    }
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path;
        size_t pairs;
    } cases[] = {
        {"/healthz", "/healthz", 0},
        {"/healthz?", "/healthz", 0},
        {"/healthz?a=1", "/healthz", 1},
        {"/healthz?a=1&b=2&b=2", "/healthz", 3},
        {"/healthz?a=/x?y", "/healthz", 1},
        {"/a%20b?c", "/a%20b", 1}, /* never decoded */
        {"/a%zz", "/a%zz", 0},
        {"//x//", "//x//", 0},
        {"/a/../b", "/a/../b", 0},
        {"?a=1", "", 1},
        {"", "", 0},
        {NULL, "", 0},
        {"http://h/x", "http://h/x", 0},
        {"*", "*", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct begun b;
        begin(&b, "GET", cases[i].target);
        assert_int_equal(b.result, RESULT_OK);
        assert_string_equal(b.request.path, cases[i].path);
        assert_int_equal(b.request.query.count, cases[i].pairs);
        end(&b);
    }
}

static void test_query_is_decoded(void **state)
{
    (void)state;
    struct begun b;
    begin(&b, "GET", "/api/calls?search=%D7%90+b%26c&limit=5&empty");
    assert_string_equal(form_get(&b.request.query, "search"), "\xd7\x90 b&c");
    assert_string_equal(form_get(&b.request.query, "limit"), "5");
    assert_string_equal(form_get(&b.request.query, "empty"), "");
    assert_null(form_get(&b.request.query, "none"));
    assert_string_equal(b.request.target, "/api/calls?search=%D7%90+b%26c&limit=5&empty");
    end(&b);
}

/* Whether that is good is for the gate to say. */
static void test_query_that_is_not_clean(void **state)
{
    (void)state;
    static const char *const targets[] = {"/api/calls?%", "/api/calls?a=%4", "/api/calls?a=%zz",
                                          "/api/calls?a=%00", "/api/calls?a=1&%"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct begun b;
        begin(&b, "GET", targets[i]);
        assert_int_equal(b.result, RESULT_OK);
        assert_string_equal(b.request.path, "/api/calls");
        assert_false(b.request.query.clean);
        end(&b);
    }
}

/* A target of exactly this many bytes: "/p…p?q…q", or without a query where `path` says so. */
static char *long_target(size_t path, size_t len)
{
    char *target = malloc(len + 1);
    assert_non_null(target);
    memset(target, 'q', len);
    memset(target, 'p', path);
    target[0] = '/';
    if (path < len) {
        target[path] = '?';
    }
    target[len] = '\0';
    return target;
}

static void test_long_targets(void **state)
{
    (void)state;
    static const struct {
        size_t path, len;
        enum result result;
        size_t path_kept;
    } cases[] = {
        {REQUEST_PATH_SIZE - 1, REQUEST_PATH_SIZE - 1, RESULT_OK, REQUEST_PATH_SIZE - 1},
        {REQUEST_PATH_SIZE, REQUEST_PATH_SIZE, RESULT_OK, 0}, /* no path of ours is that long */
        {REQUEST_PATH_SIZE + 1, REQUEST_TARGET_MAX, RESULT_OK, 0},
        {REQUEST_TARGET_MAX, REQUEST_TARGET_MAX, RESULT_OK, 0},
        {REQUEST_TARGET_MAX + 1, REQUEST_TARGET_MAX + 1, RESULT_TOO_BIG, 0},
        {5, REQUEST_TARGET_MAX, RESULT_OK, 5},
        {5, REQUEST_TARGET_MAX + 1, RESULT_TOO_BIG, 5},
        {5, 1000 * 1000, RESULT_TOO_BIG, 5},
        {1000 * 1000, 1000 * 1000, RESULT_TOO_BIG, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct begun b;
        char *target = long_target(cases[i].path, cases[i].len);
        begin(&b, "GET", target);
        if (b.result != cases[i].result || strlen(b.request.path) != cases[i].path_kept) {
            print_error("case %zu: path of %zu\n", i, strlen(b.request.path));
        }
        assert_int_equal(b.result, cases[i].result);
        assert_int_equal(strlen(b.request.path), cases[i].path_kept);
        assert_memory_equal(b.request.path, target, cases[i].path_kept);
        end(&b);
        free(target);
    }
}

static void test_headers(void **state)
{
    (void)state;
    struct begun b;
    begin(&b, "GET", "/x");
    b.fake.params[2] = (struct fake_param){"HTTP_RANGE", "bytes=0-1"};
    b.fake.params[3] = (struct fake_param){"HTTP_IF_RANGE", ""};
    assert_string_equal(request_header(&b.request, "HTTP_RANGE"), "bytes=0-1");
    assert_null(request_header(&b.request, "HTTP_IF_RANGE"));
    assert_null(request_header(&b.request, "HTTP_COOKIE"));
    end(&b);
}

/* ---- forms ---- */

static struct begun *post(struct begun *b, const char *type, const char *length, const char *body,
                          size_t body_len)
{
    begin(b, "POST", "/webhook/call_status");
    b->fake.params[2] = (struct fake_param){"CONTENT_TYPE", type};
    b->fake.params[3] = (struct fake_param){"CONTENT_LENGTH", length};
    b->fake.body = body;
    b->fake.body_len = body_len;
    return b;
}

static enum result try_form(const char *type, const char *length, const char *body)
{
    struct begun b;
    post(&b, type, length, body, strlen(body));
    enum result result = request_read_form(&b.request);
    end(&b);
    return result;
}

static void test_form(void **state)
{
    (void)state;
    struct begun b;
    static const char BODY[] = "CallSid=CA1&From=%2B14155550100&Empty=&From=x";
    post(&b, FORM, "45", BODY, strlen(BODY));
    assert_int_equal(request_read_form(&b.request), RESULT_OK);
    assert_int_equal(b.request.form.count, 4);
    assert_string_equal(form_get(&b.request.form, "From"), "+14155550100");
    assert_string_equal(form_get(&b.request.form, "Empty"), "");
    assert_int_equal(b.request.body.len, strlen(BODY)); /* the bytes as they came, for a hash */
    assert_memory_equal(b.request.body.data, BODY, strlen(BODY));
    assert_int_equal(b.request.query.count, 0);
    end(&b);
}

static void test_form_in_small_pieces(void **state)
{
    (void)state;
    struct begun b;
    post(&b, FORM, "11", "abc=1&def=2", 11);
    b.fake.read_most = 1;
    assert_int_equal(request_read_form(&b.request), RESULT_OK);
    assert_string_equal(form_get(&b.request.form, "def"), "2");
    end(&b);
}

static void test_form_types(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        enum result result;
    } cases[] = {
        {FORM, RESULT_OK},
        {"Application/X-WWW-Form-Urlencoded", RESULT_OK},
        {FORM "; charset=UTF-8", RESULT_OK},
        {FORM ";charset=UTF-8", RESULT_OK},
        {FORM " ; charset=UTF-8", RESULT_OK},
        {FORM "x", RESULT_INVALID},
        {FORM "/x", RESULT_INVALID},
        {"x-" FORM, RESULT_INVALID},
        {"application/x-www-form", RESULT_INVALID},
        {"application/json", RESULT_INVALID},
        {"multipart/form-data; boundary=x", RESULT_INVALID},
        {"text/plain", RESULT_INVALID},
        {"text/plain; " FORM, RESULT_INVALID},
        {"", RESULT_INVALID},
        {NULL, RESULT_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(try_form(cases[i].type, "3", "a=1"), cases[i].result);
    }
}

static void test_form_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *length, *body;
        enum result result;
    } cases[] = {
        {"0", "", RESULT_OK},
        {"3", "a=1", RESULT_OK},
        {"03", "a=1", RESULT_OK},
        {"3", "a=", RESULT_INVALID}, /* cut short */
        {"3", "", RESULT_INVALID},
        {"3", "a=12", RESULT_INVALID}, /* more than was said */
        {"", "a=1", RESULT_NOT_FOUND},
        {NULL, "a=1", RESULT_NOT_FOUND},
        {"-1", "a=1", RESULT_INVALID},
        {"+3", "a=1", RESULT_INVALID},
        {" 3", "a=1", RESULT_INVALID},
        {"3 ", "a=1", RESULT_INVALID},
        {"3,3", "a=1", RESULT_INVALID},
        {"0x3", "a=1", RESULT_INVALID},
        {"three", "a=1", RESULT_INVALID},
        {"65536", "a=1", RESULT_INVALID},
        {"65537", "a=1", RESULT_TOO_BIG},
        {"9223372036854775807", "a=1", RESULT_TOO_BIG},
        {"9223372036854775808", "a=1", RESULT_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum result result = try_form(FORM, cases[i].length, cases[i].body);
        if (result != cases[i].result) {
            print_error("case %zu\n", i);
        }
        assert_int_equal(result, cases[i].result);
    }
}

static void test_form_that_breaks_off(void **state)
{
    (void)state;
    struct begun b;
    post(&b, FORM, "11", "abc=1&d", 7);
    b.fake.breaks = true;
    assert_int_equal(request_read_form(&b.request), RESULT_INVALID);
    assert_int_equal(b.request.form.count, 0);
    end(&b);
}

/* Whatever is in it: who signed it is asked first. */
static void test_form_contents(void **state)
{
    (void)state;
    struct begun b;
    assert_int_equal(try_form(FORM, "3", "a=%"), RESULT_OK);
    assert_int_equal(try_form(FORM, "5", "a=%00"), RESULT_OK);
    post(&b, FORM, "4", "a\0=1", 4);
    assert_int_equal(request_read_form(&b.request), RESULT_OK);
    assert_int_equal(b.request.form.pairs[0].name_len, 2);
    end(&b);
}

static void test_form_at_the_ceiling(void **state)
{
    (void)state;
    char *body = malloc(REQUEST_BODY_MAX + 1);
    struct begun b;
    assert_non_null(body);
    memset(body, 'x', REQUEST_BODY_MAX + 1);
    post(&b, FORM, "65536", body, REQUEST_BODY_MAX);
    assert_int_equal(request_read_form(&b.request), RESULT_OK);
    assert_int_equal(strlen(b.request.form.pairs[0].name), REQUEST_BODY_MAX);
    end(&b);
    post(&b, FORM, "65537", body, REQUEST_BODY_MAX + 1);
    assert_int_equal(request_read_form(&b.request), RESULT_TOO_BIG);
    assert_int_equal(b.fake.body_at, 0); /* not even looked at */
    end(&b);
    post(&b, FORM, "65535", body, REQUEST_BODY_MAX + 1);
    assert_int_not_equal(request_read_form(&b.request), RESULT_OK);
    assert_int_equal(b.request.form.count, 0);
    end(&b);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_query_is_decoded),
        cmocka_unit_test(test_query_that_is_not_clean),
        cmocka_unit_test(test_long_targets),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_form_in_small_pieces),
        cmocka_unit_test(test_form_types),
        cmocka_unit_test(test_form_lengths),
        cmocka_unit_test(test_form_that_breaks_off),
        cmocka_unit_test(test_form_contents),
        cmocka_unit_test(test_form_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
