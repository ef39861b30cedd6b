#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/version.h"
#include "fake_io.h"

#define JSON_HEADERS                                                                               \
    "Content-Type: application/json; charset=utf-8\r\n"                                            \
    "Cache-Control: no-store\r\n"                                                                  \
    "Tapedeck-Version: \r\n"                                                                       \
    "Content-Security-Policy: default-src 'none'; sandbox\r\n"

struct world {
    struct response response;
    struct fake_client client;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL) {
        return -1;
    }
    response_begin(&world->response);
    fake_client_init(&world->client);
    return 0;
}

static int end_world(void **state)
{
    struct world *world = *state;
    response_free(&world->response);
    buf_free(&world->client.sent);
    free(world);
    return 0;
}

/* Our own version, which is another with each commit, is taken out. */
static void cut_version(struct buf *sent)
{
    char *at = strstr(sent->data, TAPEDECK_VERSION);
    size_t len = strlen(TAPEDECK_VERSION);
    if (at != NULL) {
        memmove(at, at + len, strlen(at + len) + 1);
        sent->len -= len;
    }
}

static const char *sent(struct world *world, bool head_only)
{
    struct response_io io = fake_response_io(&world->client);
    buf_clear(&world->client.sent);
    response_send(&world->response, &io, head_only);
    assert_true(buf_ok(&world->client.sent));
    cut_version(&world->client.sent);
    return buf_str(&world->client.sent);
}

/* ---- headers and JSON ---- */

static void test_json(void **state)
{
    struct world *world = *state;
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    response_json(&world->response, 200, json);
    assert_string_equal(sent(world, false), "Status: 200 OK\r\n" JSON_HEADERS
                                            "Content-Length: 11\r\n\r\n{\"ok\":true}");
}

static void test_head_sends_no_body(void **state)
{
    struct world *world = *state;
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    response_json(&world->response, 200, json);
    assert_string_equal(sent(world, true),
                        "Status: 200 OK\r\n" JSON_HEADERS "Content-Length: 11\r\n\r\n");
}

static void test_nothing_said_is_an_error(void **state)
{
    assert_string_equal(sent(*state, false), "Status: 500 Internal Server Error\r\n\r\n");
}

static void test_empty(void **state)
{
    struct world *world = *state;
    response_header(&world->response, "Allow", "GET");
    response_empty(&world->response, 204);
    assert_string_equal(sent(world, false), "Status: 204 No Content\r\nAllow: GET\r\n\r\n");
}

static void test_headers_in_order(void **state)
{
    struct world *world = *state;
    response_header(&world->response, "B", "2");
    response_always(&world->response, "A", "1");
    response_header_int(&world->response, "C", INT64_MIN);
    response_header_int(&world->response, "D", INT64_MAX);
    response_empty(&world->response, 204);
    assert_string_equal(sent(world, false),
                        "Status: 204 No Content\r\nA: 1\r\nB: 2\r\nC: -9223372036854775808\r\n"
                        "D: 9223372036854775807\r\n\r\n");
}

static void test_injected_headers_are_dropped(void **state)
{
    struct world *world = *state;
    static const char *const values[] = {"x\r\nSet-Cookie: session=evil",
                                         "x\nSet-Cookie: a=b",
                                         "x\rSet-Cookie: a=b",
                                         "\r\n\r\n<html>",
                                         "x\n",
                                         "\tx",
                                         "x\x01",
                                         "x\x1b[31m",
                                         "x\x7f"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        response_header(&world->response, "X-One", values[i]);
        response_always(&world->response, "X-Two", values[i]);
    }
    response_header(&world->response, "X-Good", "הקלטה \"a\"; b=c");
    response_empty(&world->response, 200);
    assert_string_equal(sent(world, false), "Status: 200 OK\r\nX-Good: הקלטה \"a\"; b=c\r\n\r\n");
}

/* ---- errors ---- */

static void test_every_message(void **state)
{
    struct world *world = *state;
    for (int id = 0; id < MESSAGE_COUNT; id++) {
        const struct message *message = message_get((enum message_id)id);
        assert_true(message->status >= 200 && message->status < 600);
        assert_int_equal(strspn(message->code, "abcdefghijklmnopqrstuvwxyz_"),
                         strlen(message->code));
        response_error(&world->response, (enum message_id)id);
        const char *text = sent(world, false);
        struct json *json = NULL;
        const char *body = strstr(text, "\r\n\r\n") + 4;
        assert_int_equal(json_parse(body, strlen(body), &json), RESULT_OK);
        bool error = message->status >= 300;
        assert_string_equal(json_text_at(json, error ? "error" : "status"), message->code);
        assert_null(json_text_at(json, error ? "status" : "error"));
        assert_string_equal(json_text_at(json, "message"), message->english);
        assert_string_equal(json_text_at(json, "message_he"), message->hebrew);
        assert_non_null(strstr(text, message->hebrew)); /* as it is, not escaped */
        json_free(json);
    }
}

static void test_codes_are_told_apart(void **state)
{
    (void)state;
    for (int a = 0; a < MESSAGE_COUNT; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(message_get((enum message_id)a)->code,
                                    message_get((enum message_id)b)->code);
        }
    }
}

static int scratch_fd(const char *bytes, size_t len)
{
    int fd = memfd_create("recording", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    return fd;
}

static void test_an_error_forgets_what_was_there(void **state)
{
    struct world *world = *state;
    struct response *response = &world->response;
    response_always(response, "Vary", "Origin");
    response_header(response, "ETag", "\"1\"");
    response_header(response, "Content-Disposition", "inline");
    response_json(response, 200, json_new());
    response->file.fd = scratch_fd("12345", 5);
    int fd = response->file.fd;
    response_error(response, MESSAGE_NOT_FOUND);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed */
    response_header(response, "Allow", "GET, OPTIONS");
    assert_int_equal(response->status, 404);
    const char *text = sent(world, false);
    assert_memory_equal(text,
                        "Status: 404 Not Found\r\nVary: Origin\r\n" JSON_HEADERS
                        "Allow: GET, OPTIONS\r\nContent-Length: ",
                        strlen("Status: 404 Not Found\r\nVary: Origin\r\n" JSON_HEADERS
                               "Allow: GET, OPTIONS\r\nContent-Length: "));
    assert_null(strstr(text, "ETag"));
    assert_null(strstr(text, "inline"));
    assert_non_null(strstr(text, "\r\n\r\n{\"error\":\"not_found\","));
}

static void test_the_last_error_stands(void **state)
{
    struct world *world = *state;
    response_error(&world->response, MESSAGE_NOT_FOUND);
    response_error(&world->response, MESSAGE_UNAVAILABLE);
    const char *text = sent(world, false);
    assert_memory_equal(text, "Status: 503 Service Unavailable\r\n", 33);
    const char *type = strstr(text, "Content-Type");
    assert_non_null(type);
    assert_null(strstr(type + 1, "Content-Type")); /* once */
    assert_null(strstr(text, "not_found"));
}

static void test_an_error_that_says_more(void **state)
{
    struct world *world = *state;
    struct json *json = response_message(MESSAGE_RECORDING_FAILED);
    json_put_text(json, "reason", "account");
    response_error_with(&world->response, MESSAGE_RECORDING_FAILED, json);
    const char *text = sent(world, false);
    assert_memory_equal(text, "Status: 500 Internal Server Error\r\n", 35);
    assert_non_null(strstr(text, "{\"error\":\"recording_failed\","));
    assert_non_null(strstr(text, "\"reason\":\"account\"}"));
}

/* ---- ceilings ---- */

static void fill_head(struct response *response,
                      void (*add)(struct response *, const char *, const char *))
{
    char value[1024];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (size_t i = 0; i < RESPONSE_HEAD_MAX / sizeof value + 1; i++) {
        add(response, "X-Long", value);
    }
}

static void test_too_many_headers(void **state)
{
    struct world *world = *state;
    response_always(&world->response, "Vary", "Origin");
    response_json(&world->response, 200, json_new());
    fill_head(&world->response, response_header);
    assert_string_equal(sent(world, false),
                        "Status: 500 Internal Server Error\r\nVary: Origin\r\n\r\n");
}

static void test_too_many_lasting_headers(void **state)
{
    struct world *world = *state;
    fill_head(&world->response, response_always);
    response_json(&world->response, 200, json_new());
    const char *text = sent(world, false);
    assert_memory_equal(text, "Status: 500 Internal Server Error\r\nX-Long: x", 44);
    assert_null(strstr(text, "{}"));
    assert_string_equal(text + world->client.sent.len - 4, "\r\n\r\n");
}

static void test_too_large_a_body(void **state)
{
    struct world *world = *state;
    char *text = malloc(RESPONSE_BODY_MAX + 1);
    struct json *json = json_new();
    assert_non_null(text);
    memset(text, 'x', RESPONSE_BODY_MAX);
    text[RESPONSE_BODY_MAX] = '\0';
    json_put_text(json, "transcript", text);
    free(text);
    response_always(&world->response, "Vary", "Origin");
    response_json(&world->response, 200, json);
    const char *answer = sent(world, false);
    assert_memory_equal(answer, "Status: 500 Internal Server Error\r\nVary: Origin\r\n", 49);
    assert_non_null(strstr(answer, "{\"error\":\"answer_too_large\","));
}

static void test_no_document(void **state)
{
    struct world *world = *state;
    response_header(&world->response, "ETag", "\"1\"");
    response_json(&world->response, 200, NULL);
    const char *text = sent(world, false);
    assert_null(strstr(text, "ETag"));
    assert_non_null(strstr(text, "{\"error\":\"answer_too_large\","));
}

/* ---- files ---- */

/* A response with a file of these bytes, and these parts of it. */
static void give_file(struct world *world, const char *bytes, size_t len, const struct range *parts,
                      size_t count)
{
    struct response_file *file = &world->response.file;
    file->fd = scratch_fd(bytes, len);
    file->size = (int64_t)len;
    file->content_type = "audio/wav";
    file->parts.count = count;
    for (size_t i = 0; i < count; i++) {
        file->parts.ranges[i] = parts[i];
    }
    world->response.status = count > 1 ? 206 : 200;
    if (count > 1) {
        (void)snprintf(file->boundary, sizeof file->boundary, "%s", "tdB");
    }
}

/* What Content-Length says is what comes. */
static void assert_length_is_true(const struct world *world)
{
    const char *text = buf_str(&world->client.sent);
    const char *said = strstr(text, "Content-Length: ");
    const char *body = strstr(text, "\r\n\r\n") + 4;
    char expected[64];
    assert_non_null(said);
    (void)snprintf(expected, sizeof expected, "Content-Length: %zu\r\n",
                   world->client.sent.len - (size_t)(body - text));
    assert_memory_equal(said, expected, strlen(expected));
}

static void test_whole_file(void **state)
{
    struct world *world = *state;
    give_file(world, "0123456789", 10, &(struct range){0, 10}, 1);
    assert_string_equal(sent(world, false),
                        "Status: 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
}

static void test_head_of_a_file(void **state)
{
    struct world *world = *state;
    const struct range parts[] = {{0, 1}, {9, 1}};
    give_file(world, "0123456789", 10, parts, 2);
    const char *head = sent(world, true);
    assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
    char *said = strdup(head);
    (void)sent(world, false);
    assert_memory_equal(buf_str(&world->client.sent), said, strlen(said)); /* GET's, to the byte */
    free(said);
}

static void test_one_part(void **state)
{
    struct world *world = *state;
    give_file(world, "0123456789", 10, &(struct range){3, 4}, 1);
    world->response.status = 206;
    response_header(&world->response, "Content-Range", "bytes 3-6/10");
    assert_string_equal(sent(world, false),
                        "Status: 206 Partial Content\r\nContent-Range: bytes 3-6/10\r\n"
                        "Content-Length: 4\r\n\r\n3456");
}

static void test_several_parts(void **state)
{
    struct world *world = *state;
    const struct range parts[] = {{0, 1}, {5, 5}, {4, 2}};
    give_file(world, "01\r\n456789", 10, parts, 3);
    assert_string_equal(sent(world, false),
                        "Status: 206 Partial Content\r\nContent-Length: 212\r\n\r\n"
                        "--tdB\r\nContent-Type: audio/wav\r\nContent-Range: bytes 0-0/10\r\n\r\n0"
                        "\r\n--tdB\r\nContent-Type: audio/wav\r\nContent-Range: bytes 5-9/10"
                        "\r\n\r\n56789"
                        "\r\n--tdB\r\nContent-Type: audio/wav\r\nContent-Range: bytes 4-5/10"
                        "\r\n\r\n45"
                        "\r\n--tdB--\r\n");
    assert_length_is_true(world);
}

static void test_as_many_parts_as_there_may_be(void **state)
{
    struct world *world = *state;
    struct range parts[RANGE_MAX];
    for (size_t i = 0; i < RANGE_MAX; i++) {
        parts[i] = (struct range){(int64_t)(RANGE_MAX - i), (int64_t)i + 1};
    }
    give_file(world, "0123456789ABCDEFGHIJ", 20, parts, RANGE_MAX);
    (void)sent(world, false);
    assert_length_is_true(world);
}

static void test_empty_file(void **state)
{
    struct world *world = *state;
    give_file(world, "", 0, NULL, 0);
    assert_string_equal(sent(world, false), "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
}

enum { LARGE = 200 * 1000 };

static char *large_bytes(void)
{
    char *bytes = malloc(LARGE);
    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++) {
        bytes[i] = (char)(i * 7 + i / 251);
    }
    return bytes;
}

static void test_large_file(void **state)
{
    struct world *world = *state;
    char *bytes = large_bytes();
    const struct range parts[] = {{1, LARGE - 2}, {65536, 65536}};
    give_file(world, bytes, LARGE, parts, 2);
    (void)sent(world, false);
    assert_length_is_true(world);
    const char *first =
        memmem(world->client.sent.data, world->client.sent.len, "/200000\r\n\r\n", 11);
    assert_non_null(first);
    assert_memory_equal(first + 11, bytes + 1, LARGE - 2);
    free(bytes);
}

/* No bytes are made up: the client sees that some are missing. */
static void test_file_that_became_shorter(void **state)
{
    struct world *world = *state;
    const struct range parts[] = {{0, 6}, {0, 1}};
    give_file(world, "0123456789", 10, parts, 2);
    assert_int_equal(ftruncate(world->response.file.fd, 3), 0);
    const char *text = sent(world, false);
    assert_string_equal(text + world->client.sent.len - 7, "\r\n\r\n012");
}

static void test_client_that_goes_away(void **state)
{
    struct world *world = *state;
    char *bytes = large_bytes();
    const struct range parts[] = {{0, LARGE}, {0, LARGE}};
    for (size_t patience = 0; patience < 2 * LARGE; patience += 50000) {
        give_file(world, bytes, LARGE, parts, 2);
        world->client.patience = patience;
        world->client.gone = false;
        world->client.writes_after_gone = 0;
        (void)sent(world, false);
        assert_true(world->client.gone);
        assert_true(world->client.writes_after_gone <= 1); /* the head's end is not looked at */
        close(world->response.file.fd);
        world->response.file.fd = -1;
    }
    free(bytes);
}

static void test_free_closes_the_file(void **state)
{
    struct world *world = *state;
    give_file(world, "0123456789", 10, &(struct range){0, 10}, 1);
    int fd = world->response.file.fd;
    response_free(&world->response);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    response_free(&world->response);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(test_json),
        world_test(test_head_sends_no_body),
        world_test(test_nothing_said_is_an_error),
        world_test(test_empty),
        world_test(test_headers_in_order),
        world_test(test_injected_headers_are_dropped),
        world_test(test_every_message),
        world_test(test_codes_are_told_apart),
        world_test(test_an_error_forgets_what_was_there),
        world_test(test_the_last_error_stands),
        world_test(test_an_error_that_says_more),
        world_test(test_too_many_headers),
        world_test(test_too_many_lasting_headers),
        world_test(test_too_large_a_body),
        world_test(test_no_document),
        world_test(test_whole_file),
        world_test(test_head_of_a_file),
        world_test(test_one_part),
        world_test(test_several_parts),
        world_test(test_as_many_parts_as_there_may_be),
        world_test(test_empty_file),
        world_test(test_large_file),
        world_test(test_file_that_became_shorter),
        world_test(test_client_that_goes_away),
        world_test(test_free_closes_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
