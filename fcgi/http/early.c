#include "early.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "range.h"
#include "recordings/service.h"
#include "runs/queue.h"
#include "serve.h"
#include "storage/file.h"
#include "wait.h"

enum { STEP_MS = 20, OPEN_TRIES = 10, OPEN_STEP_MS = 2, RETRY_S = 1, NS_PER_S = 1000000000 };

static const int64_t NO_STAMP = -1; /* of no file of ours */

/* A part file, open, and what it will be when it is finished. */
struct early {
    int fd;
    struct file_facts facts;
    int64_t reserve;  /* bytes at the edge that are not sent while more may come */
    int64_t size;     /* bytes, at the last look */
    int64_t there;    /* those of them that may be sent */
    bool goes_on;     /* more may come */
    bool writer_gone; /* no more will, and it is not whole */
};

/* The part file is the attempt's that was published, or it is not touched. Between its writer's
 * write and the putting back of its stamp it looks like another's, for microseconds. */
static enum result open_arriving(const struct app *app, const struct request *request,
                                 int64_t stamp_ns, int *fd)
{
    enum result result = RESULT_LOST;
    int tries = stamp_ns == NO_STAMP ? 1 : OPEN_TRIES;
    for (int i = 0; i < tries && result == RESULT_LOST; i++) {
        if (i > 0) {
            clock_sleep_ms(OPEN_STEP_MS);
        }
        result =
            file_arriving_open(app->config, request->business_id, request->call_sid, stamp_ns, fd);
    }
    return result;
}

/* Browsers say what they ask for (Fetch Metadata, "Sec-Fetch-Dest"). */
static bool is_for_element(const struct request *request)
{
    const char *dest = request_header(request, "HTTP_SEC_FETCH_DEST");
    return dest != NULL && (strcmp(dest, "audio") == 0 || strcmp(dest, "video") == 0);
}

static void look(struct early *early)
{
    bool named;
    early->size = file_arriving_size(early->fd, &named);
    bool whole = early->size >= early->facts.size;
    early->there = whole                          ? early->size
                   : early->size > early->reserve ? early->size - early->reserve
                                                  : 0;
    early->goes_on = named && !whole;
    early->writer_gone = !named && !whole;
}

/* RESULT_LOST: a part file is there, but what was published does not make it playable, or not yet:
 * it has just begun, or Redis has just lost its memory. RESULT_NOT_FOUND: there is none, or what
 * arrives is of another kind. */
static enum result open_early(const struct app *app, const struct request *request,
                              struct early *early)
{
    struct queue_progress progress;
    *early = (struct early){.fd = -1, .reserve = is_for_element(request) ? EARLY_RESERVE : 0};
    enum result result = queue_peek(app, request->business_id, request->call_sid, &progress);
    if (result != RESULT_OK) {
        progress = (struct queue_progress){.kind = AUDIO_UNKNOWN};
    }
    if (progress.kind != AUDIO_UNKNOWN && progress.kind != request->kind) {
        return RESULT_NOT_FOUND;
    }
    bool playable = service_is_playable(app->config, &progress);
    result = open_arriving(app, request, playable ? progress.stamp_ns : NO_STAMP, &early->fd);
    if (result != RESULT_OK) {
        return result;
    }
    early->facts = (struct file_facts){.kind = progress.kind,
                                       .size = progress.bytes_total,
                                       .modified = progress.stamp_ns / NS_PER_S,
                                       .modified_ns = progress.stamp_ns};
    look(early);
    return RESULT_OK;
}

/* ---- waiting ---- */

/* When looking again is over: a piece is worth a quarter of a second from the time when some of it
 * is here, the first byte is worth more. */
static bool waits(const struct early *early, const struct range *range, int64_t now, int64_t began,
                  int64_t *some_ms)
{
    int64_t wanted = range->length < RANGE_PIECE ? range->length : RANGE_PIECE;
    if (early->there > range->start && *some_ms < 0) {
        *some_ms = now;
    }
    if (!early->goes_on || early->there - range->start >= wanted ||
        now - began >= EARLY_START_WAIT_MS) {
        return false;
    }
    return *some_ms < 0 || now - *some_ms < EARLY_PIECE_WAIT_MS;
}

/* Whether it waited: nobody does while many others do. */
static bool wait_for(const struct app *app, struct early *early, const struct range *range)
{
    char token[WAIT_TOKEN_SIZE];
    int64_t began = clock_monotonic_ms(), some_ms = -1;
    if (!waits(early, range, began, began, &some_ms) ||
        !wait_begin(app, EARLY_START_WAIT_MS, token)) {
        return false;
    }
    do {
        clock_sleep_ms(STEP_MS);
        look(early);
    } while (waits(early, range, clock_monotonic_ms(), began, &some_ms));
    wait_end(app, token);
    return true;
}

/* ---- answering ---- */

/* What of each range is here; those of which nothing is are left out (RFC 9110, 15.3.7). */
static void cut(struct range_set *set, int64_t there)
{
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct range range = set->ranges[i];
        if (range.start < there) {
            range.length = range.length < there - range.start ? range.length : there - range.start;
            set->ranges[kept++] = range;
        }
    }
    set->count = kept;
}

/* The first byte asked for is not here yet. A program is told to come again; an <audio> element
 * would take any error for the end, but Chromium's goes on by itself where an answer breaks off
 * (docs/webservers.md). */
static void answer_later(const struct request *request, const struct early *early,
                         struct range range, struct response *response)
{
    if (!is_for_element(request)) {
        response_error(response, MESSAGE_UNAVAILABLE);
        response_header_int(response, "Retry-After", RETRY_S);
        return;
    }
    range.length = range.length < RANGE_PIECE ? range.length : RANGE_PIECE;
    struct range_set set = {.ranges = {range}, .count = 1};
    serve_ranges(&early->facts, -1, &set, response);
    response_header(response, "Connection", "close");
    response->promised = range.length;
}

/* An element at the edge of what is here asks again after each answer that brought something: a
 * byte for each wait, more where it could not wait, so that it cannot ask without end. */
static struct range from_reserve(const struct early *early, int64_t start, bool waited)
{
    int64_t left = early->size - start, most = waited ? 1 : EARLY_RESERVE / 4;
    return (struct range){.start = start, .length = left < most ? left : most};
}

static enum result answer_ranges(const struct app *app, const struct request *request,
                                 struct early *early, struct range_set *set,
                                 struct response *response)
{
    struct range first = set->ranges[0];
    bool waited = wait_for(app, early, &first);
    cut(set, early->there);
    range_cut(set);
    if (set->count == 0 && early->writer_gone) {
        return RESULT_NOT_FOUND;
    }
    if (set->count == 0 && first.start >= early->size) {
        answer_later(request, early, first, response);
        return RESULT_OK;
    }
    if (set->count == 0) {
        set->ranges[set->count++] = from_reserve(early, first.start, waited);
    }
    serve_ranges(&early->facts, early->fd, set, response);
    early->fd = -1;
    return RESULT_OK;
}

/* The whole is not here, so a request that would get the whole gets no 200. */
static enum result answer(const struct app *app, const struct request *request, struct early *early,
                          struct response *response)
{
    struct range_set set;
    const char *range;
    if (serve_conditional(request, &early->facts, &range, response)) {
        return RESULT_OK;
    }
    switch (range_parse(range, early->facts.size, &set)) {
    case RANGE_UNSATISFIABLE: serve_unsatisfiable(&early->facts, response); return RESULT_OK;
    case RANGE_PARTIAL: return answer_ranges(app, request, early, &set, response);
    case RANGE_WHOLE: break;
    }
    return RESULT_NOT_FOUND;
}

/* The same, looked at again for as long as a first byte is waited for. */
static enum result open_patiently(const struct app *app, const struct request *request,
                                  struct early *early)
{
    char token[WAIT_TOKEN_SIZE];
    enum result result = open_early(app, request, early);
    if (result != RESULT_LOST || request_header(request, "HTTP_RANGE") == NULL ||
        !wait_begin(app, EARLY_START_WAIT_MS, token)) {
        return result;
    }
    int64_t until = clock_monotonic_ms() + EARLY_START_WAIT_MS;
    while (result == RESULT_LOST && clock_monotonic_ms() < until) {
        clock_sleep_ms(STEP_MS);
        result = open_early(app, request, early);
    }
    wait_end(app, token);
    return result;
}

enum result early_answer(const struct app *app, const struct request *request,
                         struct response *response)
{
    struct early early;
    enum result result = open_patiently(app, request, &early);
    if (result == RESULT_OK) {
        result = answer(app, request, &early, response);
        if (early.fd >= 0) {
            close(early.fd);
        }
    }
    return result == RESULT_OK ? result : RESULT_NOT_FOUND;
}
