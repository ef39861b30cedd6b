/*
 * Redis without a Redis: which addresses are taken and what they mean, and that every wait ends.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/redis.h"
#include "scratch.h"

#define X250                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"         \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

enum { PATIENCE_MS = 200, SLOW_MS = 4000, QUICK_MS = 1500 };

/* ---- addresses ---- */

static const struct {
    const char *url;
    bool good;
} ADDRESSES[] = {
    {"redis://h", true},
    {"redis://h/", true},
    {"redis://h:6379", true},
    {"redis://h:1/0", true},
    {"redis://h:65535/15", true},
    {"redis://127.0.0.1:6379/65535", true},
    {"redis://:p@h", true},
    {"redis://u:p@h:6380/2", true},
    {"redis://u@h", true},
    {"redis://:@h", true},
    {"redis://:p%40ss%2F@h", true},
    {"unix:///run/redis.sock", true},
    {"unix:///run/redis.sock?db=3", true},
    {"unix:///run/a%20b.sock", true},
    {"redis://" X250, true},
    {"redis://[::1]", true},
    {"redis://:p@[2001:db8::7]:6380/2", true},
    {"redis+sentinel://[::1],h,[::2]:3/m", true},
    {"redis://[]", false},
    {"redis://[::1", false},
    {"redis://[::1]6379", false},
    {"redis://[::1]:", false},
    {"redis://[h]", false},
    {"redis://::1", false},
    {"redis+sentinel://h/m", true},
    {"redis+sentinel://h/m/", false},
    {"redis+sentinel://h:1,i,j:3/m/15", true},
    {"redis+sentinel://u:p%40@h/m/0?sentinel_password=%2F", true},
    {"redis+sentinel://h/m?sentinel_password=", true},
    {"redis+sentinel://1,2,3,4,5,6,7,8/m", true},
    {"redis+sentinel://1,2,3,4,5,6,7,8,9/m", false},
    {"redis+sentinel://", false},
    {"redis+sentinel:///m", false},
    {"redis+sentinel://h", false},
    {"redis+sentinel://h/", false},
    {"redis+sentinel://h//1", false},
    {"redis+sentinel://h,/m", false},
    {"redis+sentinel://,h/m", false},
    {"redis+sentinel://h,,i/m", false},
    {"redis+sentinel://h:0/m", false},
    {"redis+sentinel://h/m/x", false},
    {"redis+sentinel://h/m/1/2", false},
    {"redis+sentinel://h/m?password=x", false},
    {"redis+sentinel://h/m?sentinel_password=%zz", false},
    {"redis+sentinel://h/m?sentinel_password=" X250 "xxxxxx", false},
    {"redis+sentinel://h/" X250 "xxxxxx", false},
    {"rediss+sentinel://h/m", true},
    {"rediss+sentinel://h/m/1?ssl_ca_certs=/c&sentinel_password=p", true},
    {"rediss+sentinel://h/m?ssl_ca_certs=/c&ssl_ca_certs=/d", false},
    {"redis+sentinel://h/m?sentinel_password=p&q", true},
    {"redis+sentinel://h/m?ssl_ca_certs=/c", false},
    {"", false},
    {"h", false},
    {"h:6379", false},
    {"redis", false},
    {"redis:", false},
    {"redis://", false},
    {"redis:///0", false},
    {"redis://:6379", false},
    {"redis://u:p@", false},
    {"redis://@", false},
    {"REDIS://h", false},
    {" redis://h", false},
    {"rediss://h", true},
    {"rediss://u:p@[::1]:6380/2", true},
    {"rediss://h?ssl_ca_certs=/c%20a.pem", true},
    {"rediss://h/2?ssl_ca_certs=/c", true},
    {"rediss://h/?ssl_ca_certs=", true},
    {"rediss://h/2?ssl_ca_certs=/c&", false},
    {"rediss://h/2?ssl_ca_certs", false},
    {"rediss://h/2?sentinel_password=p", false},
    {"rediss://h?ssl_ca_certs=/%zz", false},
    {"rediss:///c", false},
    {"redisss://h", false},
    {"redis://h?ssl_ca_certs=/c", false},
    {"http://h", false},
    {"redis://h:", false},
    {"redis://h:0", false},
    {"redis://h:65536", false},
    {"redis://h:-1", false},
    {"redis://h:6379x", false},
    {"redis://h: 6379", false},
    {"redis://h:1:2", false},
    {"redis://[::1]:6379", true},
    {"redis://h/x", false},
    {"redis://h/-1", false},
    {"redis://h/65536", false},
    {"redis://h/1/", false},
    {"redis://h/1?db=2", false},
    {"redis://h?db=2", false},
    {"redis://h?2", false},
    {"redis://h?", false},
    {"redis://h/?", false},
    {"redis://h%zz", false},
    {"redis://h%00", false},
    {"redis://:%4@h", false},
    {"redis://" X250 "xxxxxx", false},
    {"redis://:" X250 "xxxxxx@h", false},
    {"unix://", false},
    {"unix://run/redis.sock", false},
    {"unix:/run/redis.sock", false},
    {"unix:///run/redis.sock?", false},
    {"unix:///run/redis.sock?db=", false},
    {"unix:///run/redis.sock?db=x", false},
    {"unix:///run/redis.sock?db=-1", false},
    {"unix:///run/redis.sock?db=1&x=2", false},
    {"unix:///run/redis.sock?x=1", false},
    {"unix:///%zz", false},
    {"unix:///" X250 "xxxxxx", false},
};

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ADDRESSES / sizeof ADDRESSES[0]; i++) {
        struct redis *redis = redis_new(ADDRESSES[i].url, PATIENCE_MS);
        if ((redis != NULL) != ADDRESSES[i].good) {
            print_error("%s\n", ADDRESSES[i].url);
        }
        assert_int_equal(redis != NULL, ADDRESSES[i].good);
        redis_free(redis);
    }
    redis_free(NULL);
}

/* ---- what an address means, seen from the server ---- */

/* Says +OK to each command, and passes on what it read; in a process of its own. */
static _Noreturn void serve(int listener, int out)
{
    char bytes[1024];
    int client = accept(listener, NULL, NULL);
    for (ssize_t n; (n = read(client, bytes, sizeof bytes)) > 0;) {
        if (write(out, bytes, (size_t)n) != n || write(client, "+OK\r\n", 5) != 5) {
            break;
        }
    }
    _exit(0);
}

struct server {
    int listener, from_child;
    pid_t child;
};

static void start_server(struct server *server, int listener)
{
    int ends[2];
    assert_true(listener >= 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(pipe(ends), 0);
    server->listener = listener;
    server->from_child = ends[0];
    server->child = fork();
    assert_true(server->child >= 0);
    if (server->child == 0) {
        serve(listener, ends[1]);
    }
    close(ends[1]);
}

/* What it was told, once the client has gone. */
static void stop_server(struct server *server, char *told, size_t size)
{
    size_t len = 0;
    for (ssize_t n; (n = read(server->from_child, told + len, size - 1 - len)) > 0;) {
        len += (size_t)n;
    }
    told[len] = '\0';
    close(server->from_child);
    close(server->listener);
    assert_int_equal(waitpid(server->child, NULL, 0), server->child);
}

static int listen_tcp(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int listen_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static enum result ping(struct redis *redis)
{
    struct redis_args args = {0};
    redis_text(&args, "PING");
    return redis_command(redis, &args, NULL);
}

static void assert_told(const char *url, struct server *server, const char *expected)
{
    char told[1024];
    struct redis *redis = redis_new(url, 5000);
    assert_non_null(redis);
    enum result result = ping(redis);
    redis_free(redis);
    stop_server(server, told, sizeof told);
    assert_int_equal(result, RESULT_OK);
    assert_string_equal(told, expected);
}

#define PING "*1\r\n$4\r\nPING\r\n"

static void test_what_a_server_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *told;
    } cases[] = {
        {"redis://", "", PING},
        {"redis://", "/", PING},
        {"redis://", "/0", PING},
        {"redis://", "/7", "*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n" PING},
        {"redis://:secret@", "", "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" PING},
        {"redis://:s%40%3a%2f@", "", "*2\r\n$4\r\nAUTH\r\n$4\r\ns@:/\r\n" PING},
        {"redis://:a:b@", "", "*2\r\n$4\r\nAUTH\r\n$3\r\na:b\r\n" PING},
        {"redis://user:secret@", "/12",
         "*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nsecret\r\n*2\r\n$6\r\nSELECT\r\n$"
         "2\r\n12\r\n" PING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct server server;
        char url[128];
        int port;
        start_server(&server, listen_tcp(&port));
        (void)snprintf(url, sizeof url, "%s127.0.0.1:%d%s", cases[i].before, port, cases[i].after);
        assert_told(url, &server, cases[i].told);
    }
}

static void test_what_a_unix_server_is_told(void **state)
{
    (void)state;
    char dir[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], url[2 * SCRATCH_SIZE + 32];
    struct server server;
    assert_true(scratch_make(dir));
    start_server(&server, listen_unix(scratch_path(dir, "a b", path)));
    (void)snprintf(url, sizeof url, "unix://%s/a%%20b?db=3", dir);
    assert_told(url, &server, "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n" PING);
    assert_true(scratch_remove(dir));
}

static void test_words_keep_their_bytes(void **state)
{
    (void)state;
    struct redis_args args = {0};
    redis_text(&args, "SET");
    redis_text(&args, "");
    redis_text(&args, "a b\r\n");
    redis_int(&args, INT64_MIN);
    redis_int(&args, 0);
    assert_int_equal(args.count, 5);
    assert_int_equal(args.lengths[1], 0);
    assert_int_equal(args.lengths[2], 5);
    assert_string_equal(args.values[3], "-9223372036854775808");
    assert_int_equal(args.lengths[3], 20);
    assert_string_equal(args.values[4], "0");
}

/* ---- every wait has an end ---- */

static int64_t timed_ping(struct redis *redis, enum result *result)
{
    int64_t start = clock_monotonic_ms();
    *result = ping(redis);
    return clock_monotonic_ms() - start;
}

static void test_nobody_there(void **state)
{
    (void)state;
    static const char *const urls[] = {"unix:///nonexistent/redis.sock", "redis://127.0.0.1:1"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct redis *redis = redis_new(urls[i], 5000);
        enum result result;
        assert_non_null(redis);
        assert_true(timed_ping(redis, &result) < QUICK_MS);
        assert_int_equal(result, RESULT_UNAVAILABLE);
        assert_true(timed_ping(redis, &result) < QUICK_MS);
        assert_int_equal(result, RESULT_UNAVAILABLE);
        assert_int_equal(redis_fd(redis), -1);
        redis_free(redis);
    }
}

/* A socket that takes connections and never says a word. */
static void test_a_server_that_hangs(void **state)
{
    (void)state;
    char dir[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], url[2 * SCRATCH_SIZE + 32];
    enum result result;
    assert_true(scratch_make(dir));
    int listener = listen_unix(scratch_path(dir, "s", path));
    assert_int_equal(listen(listener, 4), 0);
    (void)snprintf(url, sizeof url, "unix://%s", path);
    struct redis *redis = redis_new(url, PATIENCE_MS);
    assert_non_null(redis);
    int64_t took = timed_ping(redis, &result);
    assert_int_equal(result, RESULT_UNAVAILABLE);
    assert_in_range(took, PATIENCE_MS - 10, SLOW_MS);
    assert_int_equal(redis_fd(redis), -1); /* that connection is not used again */
    redis_free(redis);
    close(listener);
    assert_true(scratch_remove(dir));
}

static void test_replies_of_nothing(void **state)
{
    (void)state;
    assert_int_equal(redis_reply_int(NULL, -5), -5);
    assert_null(redis_reply_text(NULL));
    assert_int_equal(redis_reply_count(NULL), 0);
    assert_null(redis_reply_at(NULL, 0));
    redis_reply_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_what_a_server_is_told),
        cmocka_unit_test(test_what_a_unix_server_is_told),
        cmocka_unit_test(test_words_keep_their_bytes),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_a_server_that_hangs),
        cmocka_unit_test(test_replies_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
