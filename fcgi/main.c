/*
 * tapedeck.fcgi: start, signals, accept loop. The only file that sees fcgiapp.h.
 *
 * Started by spawn-fcgi or the web server with a listening socket as file descriptor 0. Answers one
 * request at a time; run as many copies as requests should be answered at once.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "arrivals.h"
#include "base/clock.h"
#include "base/magic.h"
#include "base/own_folder.h"
#include "closing.h"
#include "http/request_id.h"
#include "http/sending.h"
#include "metrics/traffic.h"
#include "observe/metrics.h"
#include "recordings/confirmed.h"
#include "resident.h"
#include "routes.h"

enum { EXIT_CONFIG = 2, WRITE_PART = 8 * 1024 };

/* ---- libfcgi behind our own interfaces ---- */

struct wire {
    struct magic magic;
    FCGX_Request *fcgx;
    int64_t began_ms, sent;
};

static const char *param(void *handle, const char *name)
{
    const FCGX_Request *fcgx = CHECKED(wire, handle)->fcgx;
    return FCGX_GetParam(name, fcgx->envp);
}

static int64_t read_some(void *handle, char *out, size_t size)
{
    const FCGX_Request *fcgx = CHECKED(wire, handle)->fcgx;
    return FCGX_GetStr(out, size > INT_MAX ? INT_MAX : (int)size, fcgx->in);
}

/* From here on whoever does not read is not waited for without end. */
static void bear_no_stall(const FCGX_Request *fcgx)
{
    const struct timeval stall = {.tv_sec = SENDING_STALL_S};
    (void)setsockopt(fcgx->ipcFd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof stall);
}

static bool write_all(void *handle, const char *bytes, size_t len)
{
    struct wire *wire = CHECKED(wire, handle);
    while (len > 0) {
        int part = len > WRITE_PART ? WRITE_PART : (int)len;
        if (wire->sent <= RANGE_PIECE && wire->sent + part > RANGE_PIECE) {
            bear_no_stall(wire->fcgx);
        }
        int n = FCGX_PutStr(bytes, part, wire->fcgx->out);
        if (n <= 0 || sending_is_over(wire->sent + n, clock_monotonic_ms() - wire->began_ms)) {
            return false;
        }
        wire->sent += n;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* ---- the loop ---- */

/* Closing, libfcgi waits until the web server has closed its end, so that nothing unread is left
 * that would break the answer off. When all of the request has been read there is none, and no
 * responder need wait: it says so by letting go of the connection. */
static void let_go(FCGX_Request *fcgx)
{
    if (FCGX_GetChar(fcgx->in) == EOF && FCGX_GetError(fcgx->in) == 0) {
        FCGX_Detach(fcgx);
    }
}

static void answer(const struct app *app, struct request_ids *ids, FCGX_Request *fcgx)
{
    int64_t began_us = clock_monotonic_us();
    struct wire wire = {.magic = MAGIC(wire), .fcgx = fcgx, .began_ms = began_us / 1000};
    const struct request_io in = {.handle = &wire, .param = param, .read = read_some};
    const struct response_io out = {.handle = &wire, .write = write_all};
    struct request request;
    struct response response;
    response_begin(&response);
    enum result begun = request_begin(&request, &in);
    request_id_give(ids, &request);
    routes_answer(app, &request, begun, &response);
    response_send(&response, &out, request.method == METHOD_HEAD);
    sending_end(app, response.sending);
    int64_t took_us = clock_monotonic_us() - began_us;
    traffic_note(app->metrics, &request, response.status, took_us);
    request_id_note(ids, &request, response.status, took_us);
    response_free(&response);
    request_free(&request);
}

/* Before the next request is waited for, which may take long, Redis is given what was counted: when
 * the time for it has come, or once nobody asks for anything. */
static void flush_counts(const struct app *app, const struct arrivals *arrivals,
                         const FCGX_Request *fcgx)
{
    metrics_flush(app, false);
    if (metrics_pending(app->metrics) &&
        arrivals_wait(arrivals, fcgx->ipcFd, METRICS_EVERY_MS) == ARRIVAL_NONE) {
        metrics_flush(app, true);
    }
}

/* False: it is over. Where another responder was faster, there is nothing to accept. */
static bool serve_next(const struct app *app, const struct arrivals *arrivals,
                       struct request_ids *ids, FCGX_Request *fcgx)
{
    if (arrivals_wait(arrivals, fcgx->ipcFd, -1) == ARRIVAL_STOP) {
        return false;
    }
    int failed = FCGX_Accept_r(fcgx);
    if (failed != 0) {
        return failed == -EAGAIN;
    }
    answer(app, ids, fcgx);
    let_go(fcgx);
    FCGX_Finish_r(fcgx);
    flush_counts(app, arrivals, fcgx);
    return true;
}

static int serve(const struct app *app)
{
    FCGX_Request fcgx;
    struct arrivals arrivals;
    struct request_ids ids;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    if (!request_ids_begin(&ids) || FCGX_Init() != 0 || FCGX_InitRequest(&fcgx, 0, 0) != 0 ||
        arrivals_open(fcgx.listen_sock, &arrivals) != RESULT_OK) {
        fprintf(stderr, "tapedeck.fcgi: FastCGI could not be set up\n");
        return EXIT_FAILURE;
    }
    closing_enter(app);
    resident_trim();
    while (serve_next(app, &arrivals, &ids, &fcgx)) {
    }
    metrics_flush(app, true);
    arrivals_close(&arrivals);
    FCGX_Free(&fcgx, 1);
    return EXIT_SUCCESS;
}

/* ---- setting up ---- */

static int complain(const char *what, const char *why)
{
    fprintf(stderr, "tapedeck.fcgi: %s%s\n", what, why);
    return EXIT_CONFIG;
}

static int run(const struct config *config, struct credentials *credentials)
{
    const char *missing = config_missing(config, CONFIG_RESPONDER_NEEDS);
    if (missing != NULL) {
        return complain("configuration: not set: ", missing);
    }
    struct app app = {.config = config, .credentials = credentials};
    int status = EXIT_CONFIG;
    app.pg = pg_new(config->database_url, config->pg_timeout);
    app.redis = redis_new(config->redis_url, config->redis_timeout);
    app.metrics = metrics_new();
    app.tokens = jwt_verifier_new(config->jwt_secret, config->jwt_secret_previous);
    app.confirmed = confirmed_new();
    app.s3 = s3_is_configured(config) ? s3_new(config) : NULL;
    if (app.tokens == NULL || app.confirmed == NULL) {
        status = complain("memory", ": there is none");
    } else if (app.s3 == NULL && s3_is_configured(config)) {
        status = complain("the object store's client could not be set up", "");
    } else if (app.pg == NULL || app.redis == NULL) {
        const char *name = app.pg == NULL ? "DATABASE_URL" : "REDIS_URL";
        status = complain("configuration: this value is not valid: ", name);
    } else {
        status = serve(&app);
    }
    pg_free(app.pg);
    redis_free(app.redis);
    metrics_free(app.metrics);
    jwt_verifier_free(app.tokens);
    confirmed_free(app.confirmed);
    s3_free(app.s3);
    return status;
}

int main(void)
{
    struct config config;
    struct credentials *credentials = NULL;
    char error[CONFIG_ERROR_SIZE], path[PATH_MAX];
    umask(027);
    if (config_load(&config, own_folder(path), error) != RESULT_OK) {
        return complain("", error);
    }
    int status = credentials_load(&config, &credentials, error) == RESULT_OK
                     ? run(&config, credentials)
                     : complain("", error);
    credentials_free(credentials);
    config_free(&config);
    return status;
}
