/*
 * What Redis answers: dispatch, peek, and the words of rec_jobs. A thread plays Redis; the first
 * byte says which verb asks, the rest is what it answers: one piece for each command that comes,
 * with 0xff between them, and then the connection ends.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"
#include "runs/queue.h"
#include "runs/throttle.h"
#include "world.h"

enum {
    ANSWER_MAX = 4096,
    PIECE_END = 0xff,
    COMMAND_SIZE = 64 * 1024,
    HEAR_MS = 100,
    PATIENCE_MS = 2,
    VERBS = 13,
    TAKE_MOST = 2,
};

static struct fuzz_world world;
static char dir[] = "/tmp/tapedeck-fuzz-XXXXXX"; /* a socket's path must be short */
static char path[sizeof dir + 16];
static char url[sizeof path + 16];

/* ---- a Redis that says whatever it is told ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char answer[ANSWER_MAX];
static size_t answer_len;

static void tell(const uint8_t *data, size_t size)
{
    pthread_mutex_lock(&lock);
    answer_len = size < sizeof answer ? size : sizeof answer;
    if (answer_len > 0) {
        memcpy(answer, data, answer_len);
    }
    pthread_mutex_unlock(&lock);
}

static size_t hear(unsigned char *out)
{
    pthread_mutex_lock(&lock);
    size_t len = answer_len;
    memcpy(out, answer, len);
    pthread_mutex_unlock(&lock);
    return len;
}

/* A client that waits for the rest of a broken answer sends no further command. */
static bool asks_more(int client)
{
    static char command[COMMAND_SIZE];
    struct pollfd fd = {.fd = client, .events = POLLIN};
    return poll(&fd, 1, PATIENCE_MS) > 0 && read(client, command, COMMAND_SIZE) > 0;
}

static void talk(int client)
{
    unsigned char told[ANSWER_MAX];
    size_t left = hear(told);
    for (const unsigned char *at = told; left > 0 && asks_more(client);) {
        const unsigned char *end = memchr(at, PIECE_END, left);
        size_t piece = end != NULL ? (size_t)(end - at) : left;
        if (send(client, at, piece, MSG_NOSIGNAL) != (ssize_t)piece) {
            return;
        }
        piece += end != NULL;
        at += piece;
        left -= piece;
    }
    (void)shutdown(client, SHUT_WR);
    while (asks_more(client)) {
    }
}

static void *serve(void *context)
{
    const int *listening = context;
    for (;;) {
        int client = accept(*listening, NULL, NULL);
        if (client >= 0) {
            talk(client);
            close(client);
        }
    }
    return NULL;
}

static void remove_socket(void)
{
    (void)unlink(path);
    (void)rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static int listening;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    (void)argc;
    (void)argv;
    REQUIRE(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* as both programs do */
    REQUIRE(mkdtemp(dir) != NULL && atexit(remove_socket) == 0);
    (void)snprintf(path, sizeof path, "%s/redis.sock", dir);
    (void)snprintf(url, sizeof url, "unix://%s", path);
    memcpy(address.sun_path, path, sizeof path);
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(listening >= 0 && bind(listening, (struct sockaddr *)&address, sizeof address) == 0);
    REQUIRE(listen(listening, SOMAXCONN) == 0);
    REQUIRE(pthread_create(&thread, NULL, serve, &listening) == 0);
    fuzz_world_make(&world, url);
    return 0;
}

/* ---- the verbs ---- */

static void check_place(enum result result, const struct queue_state *place)
{
    REQUIRE(result == RESULT_OK || result == RESULT_LOST || result == RESULT_UNAVAILABLE ||
            result == RESULT_FAILED);
    if (result == RESULT_OK) {
        (void)(place->ready ? place->position : place->waiting);
    }
}

static void check_job(enum result result, const struct queue_job *job)
{
    if (result == RESULT_OK) {
        REQUIRE(job->business_id > 0 && text_is_recording(job->call_sid));
    }
}

static void ask_dispatch(const struct app *app, unsigned verb)
{
    struct queue_state place = {0};
    switch (verb) {
    case 0: check_place(queue_dispatch(app, WORLD_BUSINESS, &place), &place); break;
    case 1:
        check_place(queue_enqueue(app, WORLD_BUSINESS, WORLD_SID, LANE_CLICK, &place), &place);
        break;
    case 2: check_place(queue_release(app, WORLD_BUSINESS, WORLD_SID, "t", &place), &place); break;
    default: check_place(queue_return(app, WORLD_BUSINESS, WORLD_SID, "t"), &place); break;
    }
}

static void ask_peek(const struct app *app)
{
    struct queue_progress progress;
    if (queue_peek(app, WORLD_BUSINESS, WORLD_SID, &progress) == RESULT_OK) {
        REQUIRE(strnlen(progress.format, sizeof progress.format) < sizeof progress.format);
    }
}

static void check_taken(void *context, const struct queue_job *job, const char *token)
{
    size_t *count = context;
    REQUIRE(++*count <= TAKE_MOST);
    check_job(RESULT_OK, job);
    REQUIRE(token == NULL || token[0] != '\0');
}

static void ask_next(const struct app *app, const struct queue_job *handed)
{
    size_t count = 0, popped = SIZE_MAX;
    (void)queue_take(app, handed, TAKE_MOST, check_taken, &count, &popped);
    REQUIRE(popped <= TAKE_MOST && count <= popped);
}

static void ask_renew(const struct app *app)
{
    struct queue_hold holds[2] = {
        {.business_id = WORLD_BUSINESS, .call_sid = WORLD_SID, .token = "t"},
        {.business_id = WORLD_BUSINESS, .call_sid = WORLD_SID, .token = "u"}};
    (void)queue_renew(app, holds, 2);
}

static void ask_jobs(const struct app *app)
{
    struct queue_job job = {0};
    if (queue_listen(app->redis, 1) != RESULT_OK) {
        return;
    }
    struct pollfd fd = {.fd = redis_fd(app->redis), .events = POLLIN};
    enum result result = RESULT_NOT_FOUND;
    while (result == RESULT_NOT_FOUND && poll(&fd, 1, HEAR_MS) > 0) {
        result = queue_receive(app->redis, &job);
    }
    check_job(result, &job);
}

/* The answers to what was posted come first, and belong to nobody. */
static void ask_after_posts(const struct app *app)
{
    int64_t seen = -1;
    struct redis_args args = {0};
    redis_text(&args, "RPUSH");
    redis_text(&args, "rec_audit");
    redis_text(&args, "{}");
    for (int i = 0; i < 2; i++) {
        (void)redis_post(app->redis, &args, "POSTED", "");
    }
    (void)queue_runner_seen(app, &seen);
}

static void ask(const struct app *app, unsigned verb)
{
    int64_t seen = -1, left;
    const struct queue_job job = {.business_id = WORLD_BUSINESS, .call_sid = WORLD_SID};
    switch (verb) {
    case 4: ask_peek(app); break;
    case 5: ask_next(app, NULL); break;
    case 6: ask_jobs(app); break;
    case 7: (void)queue_runner_seen(app, &seen); break;
    case 8: ask_next(app, &job); break;
    case 9: (void)queue_is_held(app, WORLD_BUSINESS, WORLD_SID); break;
    case 10: (void)throttle_count_failure(app, "192.0.2.7", &seen, &left); break;
    case 11: ask_after_posts(app); break;
    case 12: ask_renew(app); break;
    default: ask_dispatch(app, verb); break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    struct app app = world.app;
    tell(data + 1, size - 1);
    app.redis = redis_new(url, world.config.redis_timeout);
    if (app.redis == NULL) {
        abort();
    }
    ask(&app, (data[0] & 0x0f) % VERBS);
    redis_free(app.redis);
    return 0;
}
