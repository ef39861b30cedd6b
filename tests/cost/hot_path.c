/*
 * One request of a kind, again and again, without a web server around it: what `make check-cost`
 * counts the instructions of. All that goes in is fixed: the same token, file and headers each
 * time.
 *
 *   hot_path KIND      file, own, head, link, new, refused: see CASES
 *
 * Valgrind counts inside of counted_request only (--toggle-collect).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "clients/jwt.h"
#include "fake_io.h"
#include "recordings/confirmed.h"
#include "routes.h"
#include "scratch.h"
#include "storage/link.h"

#define SID "CA0123456789abcdef0123456789abcdef"
#define SECRET "an example secret of 40 bytes, for tests"
#define FILE_TARGET "/api/recordings/file/" SID

enum { WARM_UP = 20, REQUESTS = 200, FILE_SIZE = 1000000, EXPIRES = 2000000000, TEXT = 1024 };

/* ---- a Redis that takes everything ---- */

static void serve_redis(int listener)
{
    char chunk[4096];
    int fd = accept(listener, NULL, NULL);
    while (fd >= 0 && read(fd, chunk, sizeof chunk) > 0) {
        if (write(fd, ":1\r\n", 4) != 4) {
            break;
        }
    }
    _exit(0);
}

static pid_t start_redis(const char *dir, char *url)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int n = snprintf(address.sun_path, sizeof address.sun_path, "%s/redis", dir);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    if (n < 0 || (size_t)n >= sizeof address.sun_path || listener < 0 ||
        bind(listener, (const void *)&address, sizeof address) != 0 || listen(listener, 1) != 0) {
        abort();
    }
    (void)snprintf(url, TEXT, "unix://%s", address.sun_path);
    pid_t child = fork();
    if (child == 0) {
        serve_redis(listener);
    }
    close(listener);
    return child;
}

/* ---- the requests ---- */

struct hot_case {
    const char *name, *method, *target; /* a target of NULL: the play link */
    const char *range;
    bool sends_itself, is_new, is_bad;
    int status;
};

static const struct hot_case CASES[] = {
    {"file", "GET", FILE_TARGET, "bytes=131072-196607", false, false, false, 200},
    {"own", "GET", FILE_TARGET, "bytes=131072-196607", true, false, false, 206},
    {"head", "HEAD", FILE_TARGET, NULL, false, false, false, 200},
    {"link", "GET", NULL, "bytes=131072-196607", false, false, false, 200},
    {"new", "GET", FILE_TARGET, NULL, false, true, false, 200},
    {"refused", "GET", FILE_TARGET, NULL, false, false, true, 401},
};

struct world {
    char dir[SCRATCH_SIZE], redis_url[TEXT], link[LINK_SIZE], bearer[TEXT];
    struct config config;
    struct app app;
    const struct hot_case *which;
};

static bool take(void *handle, const char *bytes, size_t len)
{
    (void)handle;
    (void)bytes;
    return len > 0;
}

static int answer(struct world *world, struct fake_request *fake)
{
    const struct request_io in = fake_request_io(fake);
    const struct response_io out = {.handle = NULL, .write = take};
    struct request request;
    struct response response;
    response_begin(&response);
    enum result begun = request_begin(&request, &in);
    routes_answer(&world->app, &request, begun, &response);
    response_send(&response, &out, request.method == METHOD_HEAD);
    int status = response.status;
    response_free(&response);
    request_free(&request);
    return status;
}

int counted_request(struct world *world, struct fake_request *fake);

__attribute__((noinline)) int counted_request(struct world *world, struct fake_request *fake)
{
    return answer(world, fake);
}

static void sign_bearer(struct world *world, int number)
{
    struct buf token;
    struct jwt_claims claims = {.business_id = 7, .expires = EXPIRES};
    (void)snprintf(claims.subject, sizeof claims.subject, "somebody %d", number);
    buf_init(&token, JWT_MAX);
    if (jwt_sign(&claims, SECRET, &token) != RESULT_OK) {
        abort();
    }
    (void)snprintf(world->bearer, sizeof world->bearer, "Bearer %s%s", buf_str(&token),
                   world->which->is_bad ? "A" : "");
    buf_free(&token);
}

/* What posting leaves on the wire has its answer before the next one begins, as it has where
 * requests come over a network. */
static void pause_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = 500000};
    (void)nanosleep(&moment, NULL);
}

static void ask(struct world *world, int number)
{
    const struct hot_case *which = world->which;
    if (which->is_new || number == 0) {
        sign_bearer(world, number);
    }
    struct fake_request fake = {
        .params = {{"REQUEST_METHOD", which->method},
                   {"REQUEST_URI", which->target != NULL ? which->target : world->link},
                   {"SERVER_PROTOCOL", "HTTP/1.1"},
                   {"REMOTE_ADDR", "192.0.2.7"},
                   {"HTTP_USER_AGENT", "Mozilla/5.0"},
                   {"HTTP_AUTHORIZATION", which->target != NULL ? world->bearer : NULL},
                   {"HTTP_RANGE", which->range}}};
    int status = number < WARM_UP ? answer(world, &fake) : counted_request(world, &fake);
    if (status != which->status) {
        fprintf(stderr, "hot_path: %s: answered %d, not %d\n", which->name, status, which->status);
        exit(EXIT_FAILURE);
    }
    pause_a_moment();
}

/* ---- around it ---- */

static void make_recording(const struct world *world)
{
    static unsigned char bytes[FILE_SIZE] = "RIFF";
    if (!scratch_folder(world->dir, "7") ||
        !scratch_file(world->dir, "7/" SID ".wav", bytes, sizeof bytes)) {
        abort();
    }
}

static void configure(struct world *world)
{
    world->config = (struct config){
        .recordings_dir = world->dir,
        .public_base_url = "https://crm.example",
        .allowed_origins = "",
        .login_url = "",
        .jwt_secret = SECRET,
        .jwt_secret_previous = "",
        .media_secret = SECRET,
        .media_secret_previous = "",
        .sendfile = world->which->sends_itself ? SENDFILE_OFF : SENDFILE_X_SENDFILE,
        .responders = 8,
        .signin_failures = 1000000,
        .signin_window = 60000,
    };
    const struct link link = {
        .business_id = 7, .call_sid = SID, .kind = AUDIO_WAV, .expires = EXPIRES};
    if (link_make(&world->config, &link, world->link) != RESULT_OK) {
        abort();
    }
    world->app = (struct app){.config = &world->config,
                              .pg = pg_new("postgresql:///none?host=/nonexistent", 1000),
                              .redis = redis_new(world->redis_url, 1000),
                              .tokens = jwt_verifier_new(SECRET, ""),
                              .confirmed = confirmed_new()};
    /* A minute's first request asks PostgreSQL; all others find this. */
    confirmed_note(world->app.confirmed, 7, SID, clock_monotonic_ms());
}

int main(int argc, char **argv)
{
    static struct world world;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        if (argc == 2 && strcmp(argv[1], CASES[i].name) == 0) {
            world.which = &CASES[i];
        }
    }
    if (world.which == NULL || !scratch_make(world.dir)) {
        fprintf(stderr, "usage: hot_path file|own|head|link|new|refused\n");
        return EXIT_FAILURE;
    }
    make_recording(&world);
    pid_t redis = start_redis(world.dir, world.redis_url);
    configure(&world);
    for (int number = 0; number < WARM_UP + REQUESTS; number++) {
        ask(&world, number);
    }
    pg_free(world.app.pg);
    redis_free(world.app.redis);
    jwt_verifier_free(world.app.tokens);
    confirmed_free(world.app.confirmed);
    (void)kill(redis, SIGKILL); /* where nothing was noted, nobody has connected to it */
    (void)waitpid(redis, NULL, 0);
    return scratch_remove(world.dir) ? EXIT_SUCCESS : EXIT_FAILURE;
}
