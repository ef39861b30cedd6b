/*
 * Sentinels and servers that say what they are told to: whom a client believes, and for how long it
 * asks. What real ones do is for tests/jobs/runner/test_sentinel.py.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/redis.h"
#include "clients/redis_address.h"
#include "clients/redis_sentinel.h"

enum { TIMEOUT_MS = 300, SLOW_MS = 3000, TRIES_MAX = 100, TEXT_SIZE = 256 };

#define MASTER "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"
#define REPLICA "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:1\r\n$9\r\nconnected\r\n:0\r\n"
#define READONLY "-READONLY You can't write against a read only replica.\r\n"
#define PONG "+PONG\r\n"

/* ---- what an address means ---- */

static void test_an_address_with_everything(void **state)
{
    (void)state;
    struct redis_address a;
    assert_true(redis_address_parse(
        "redis+sentinel://u:p%40ss@one:1,two,127.0.0.1:3/my%20master/5?sentinel_password=hun%26ter",
        &a));
    assert_string_equal(a.user, "u");
    assert_string_equal(a.password, "p@ss");
    assert_int_equal(a.sentinel_count, 3);
    assert_string_equal(a.sentinels[0].name, "one");
    assert_int_equal(a.sentinels[0].port, 1);
    assert_string_equal(a.sentinels[1].name, "two");
    assert_int_equal(a.sentinels[1].port, 26379);
    assert_string_equal(a.sentinels[2].name, "127.0.0.1");
    assert_int_equal(a.sentinels[2].port, 3);
    assert_string_equal(a.master, "my master");
    assert_int_equal(a.db, 5);
    assert_string_equal(a.sentinel_password, "hun&ter");
}

/* ---- servers that say what they are told to ---- */

struct server {
    int listener;
    int64_t port;
    pid_t child; /* 0: it takes connections and says nothing */
};

static struct server open_server(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    struct server server = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    assert_int_equal(bind(server.listener, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&at, &size), 0);
    server.port = ntohs(at.sin_port);
    return server;
}

/* One answer a command, the last of them for ever; as many connections as come, one by one. */
static _Noreturn void serve(int listener, const char *const *answers)
{
    char command[1024];
    for (;;) {
        int client = accept(listener, NULL, NULL);
        while (read(client, command, sizeof command) > 0) {
            if (write(client, *answers, strlen(*answers)) < 0) {
                break;
            }
            answers += answers[1] != NULL;
        }
        close(client);
    }
}

static void let_say(struct server *server, const char *const *answers)
{
    server->child = fork();
    assert_true(server->child >= 0);
    if (server->child == 0) {
        serve(server->listener, answers);
    }
}

static void close_server(struct server *server)
{
    if (server->child > 0) {
        kill(server->child, SIGKILL);
        waitpid(server->child, NULL, 0);
    }
    close(server->listener);
}

/* A Sentinel's answer that leads to a server. */
static void name_server(char out[TEXT_SIZE], const struct server *server)
{
    char port[16];
    int digits = snprintf(port, sizeof port, "%lld", (long long)server->port);
    (void)snprintf(out, TEXT_SIZE, "*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%s\r\n", digits, port);
}

static struct redis *client_of(const struct server *sentinels, size_t count)
{
    struct redis_address address = {.sentinel_count = count, .master = "m"};
    for (size_t i = 0; i < count; i++) {
        address.sentinels[i] = (struct redis_host){"127.0.0.1", sentinels[i].port};
    }
    struct redis *redis = redis_new_at(&address, TIMEOUT_MS, redis_sentinel_find);
    assert_non_null(redis);
    return redis;
}

static enum result ping(struct redis *redis)
{
    struct redis_args args = {0};
    redis_text(&args, "PING");
    return redis_command(redis, &args, NULL);
}

/* Until it works; how it went first. */
static enum result ping_until_answered(struct redis *redis)
{
    enum result first = ping(redis), result = first;
    for (int i = 0; i < TRIES_MAX && result != RESULT_OK; i++) {
        clock_sleep_ms(20);
        result = ping(redis);
    }
    assert_int_equal(result, RESULT_OK);
    return first;
}

/* The Sentinel names the one and then the other; the one says this. */
static void assert_left(const char *const *said)
{
    struct server sentinel = open_server(), one = open_server(), other = open_server();
    char to_one[TEXT_SIZE], to_other[TEXT_SIZE];
    name_server(to_one, &one);
    name_server(to_other, &other);
    let_say(&sentinel, (const char *const[]){to_one, to_other, NULL});
    let_say(&one, said);
    let_say(&other, (const char *const[]){MASTER, PONG, NULL});
    struct redis *redis = client_of(&sentinel, 1);
    assert_int_equal(ping_until_answered(redis), RESULT_UNAVAILABLE);
    redis_free(redis);
    close_server(&sentinel);
    close_server(&one);
    close_server(&other);
}

static void test_a_replica_is_no_master_whatever_the_sentinel_says(void **state)
{
    (void)state;
    assert_left((const char *const[]){REPLICA, PONG, NULL});
}

static void test_a_master_that_became_a_replica_is_left(void **state)
{
    (void)state;
    assert_left((const char *const[]){MASTER, READONLY, NULL});
}

static void test_a_master_that_is_loading_is_left(void **state)
{
    (void)state;
    assert_left((const char *const[]){MASTER, "-LOADING it reads its file\r\n", NULL});
}

static void test_a_posted_command_notices_it_too(void **state)
{
    (void)state;
    struct server sentinel = open_server(), one = open_server(), other = open_server();
    char to_one[TEXT_SIZE], to_other[TEXT_SIZE];
    name_server(to_one, &one);
    name_server(to_other, &other);
    let_say(&sentinel, (const char *const[]){to_one, to_other, NULL});
    let_say(&one, (const char *const[]){MASTER, READONLY, PONG, NULL});
    let_say(&other, (const char *const[]){MASTER, "+the other\r\n", NULL});
    struct redis *redis = client_of(&sentinel, 1);
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "PING");
    assert_int_equal(redis_post(redis, &args, NULL, NULL), RESULT_OK);
    assert_int_equal(redis_command(redis, &args, &reply), RESULT_OK);
    assert_string_equal(redis_reply_text(reply), "the other");
    redis_reply_free(reply);
    redis_free(redis);
    close_server(&sentinel);
    close_server(&one);
    close_server(&other);
}

static void test_a_waiting_command_notices_it_too(void **state)
{
    (void)state;
    struct server sentinel = open_server(), one = open_server();
    char to_one[TEXT_SIZE];
    name_server(to_one, &one);
    let_say(&sentinel, (const char *const[]){to_one, NULL});
    let_say(&one, (const char *const[]){MASTER, "-UNBLOCKED it steps down\r\n", NULL});
    struct redis *redis = client_of(&sentinel, 1);
    struct redis_args args = {0};
    struct redis_reply *reply;
    redis_text(&args, "BLPOP");
    assert_int_equal(redis_send(redis, &args), RESULT_OK);
    enum result result;
    while ((result = redis_receive(redis, &reply)) == RESULT_NOT_FOUND) {
        clock_sleep_ms(5);
    }
    assert_int_equal(result, RESULT_UNAVAILABLE);
    assert_int_equal(redis_fd(redis), -1);
    redis_free(redis);
    close_server(&sentinel);
    close_server(&one);
}

/* ---- Sentinels that do not help ---- */

static void test_one_that_is_silent_or_knows_nothing_is_passed_over(void **state)
{
    (void)state;
    struct server sentinels[] = {open_server(), open_server(), open_server(), open_server()};
    struct server master = open_server();
    char to_master[TEXT_SIZE];
    name_server(to_master, &master);
    let_say(&sentinels[1], (const char *const[]){"*-1\r\n", NULL});
    let_say(&sentinels[2], (const char *const[]){"*2\r\n$1\r\nh\r\n$5\r\n99999\r\n", NULL});
    let_say(&sentinels[3], (const char *const[]){to_master, NULL});
    let_say(&master, (const char *const[]){MASTER, PONG, NULL});
    struct redis *redis = client_of(sentinels, 4);
    assert_int_equal(ping(redis), RESULT_OK);
    redis_free(redis);
    for (size_t i = 0; i < 4; i++) {
        close_server(&sentinels[i]);
    }
    close_server(&master);
}

/* The time is not enough for them all, so the next try begins where this one ended. */
static void test_many_that_are_silent_end_in_time(void **state)
{
    (void)state;
    struct server sentinels[REDIS_SENTINELS_MAX] = {{0}}, master = open_server();
    struct redis_address address = {.sentinel_count = REDIS_SENTINELS_MAX, .master = "m"};
    struct redis_host found;
    char to_master[TEXT_SIZE];
    for (size_t i = 0; i < REDIS_SENTINELS_MAX; i++) {
        sentinels[i] = open_server();
        address.sentinels[i] = (struct redis_host){"127.0.0.1", sentinels[i].port};
    }
    name_server(to_master, &master);
    let_say(&sentinels[REDIS_SENTINELS_MAX - 1], (const char *const[]){to_master, NULL});
    size_t first = 0, tries = 1;
    int64_t begun = clock_monotonic_ms();
    while (!redis_sentinel_find(&address, TIMEOUT_MS, &first, &found)) {
        assert_true(tries++ < 4);
    }
    assert_true(tries > 1);
    assert_true(clock_monotonic_ms() - begun < SLOW_MS);
    assert_int_equal(found.port, master.port);
    assert_int_equal(first, REDIS_SENTINELS_MAX - 1);
    for (size_t i = 0; i < REDIS_SENTINELS_MAX; i++) {
        close_server(&sentinels[i]);
    }
    close_server(&master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_with_everything),
        cmocka_unit_test(test_a_replica_is_no_master_whatever_the_sentinel_says),
        cmocka_unit_test(test_a_master_that_became_a_replica_is_left),
        cmocka_unit_test(test_a_master_that_is_loading_is_left),
        cmocka_unit_test(test_a_posted_command_notices_it_too),
        cmocka_unit_test(test_a_waiting_command_notices_it_too),
        cmocka_unit_test(test_one_that_is_silent_or_knows_nothing_is_passed_over),
        cmocka_unit_test(test_many_that_are_silent_end_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
