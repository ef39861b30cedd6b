#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

static const char KEPT[] = "rec_metrics";

enum { POSTS_MAX = 64 }; /* at a time; what is left waits for the next time */

struct count {
    char name[METRICS_NAME_SIZE]; /* "": free */
    int64_t pending;              /* not in Redis yet */
};

struct metrics {
    struct count counts[METRICS_COUNTS_MAX]; /* by hash, with linear probing; none ever leaves */
    size_t pending;                          /* how many have something pending */
    int64_t next_ms;
};

struct metrics *metrics_new(void)
{
    return calloc(1, sizeof(struct metrics));
}

void metrics_free(struct metrics *metrics)
{
    free(metrics);
}

/* ---- counting ---- */

/* FNV-1a (draft-eastlake-fnv, 32 bits). */
static uint32_t hash(const char *name)
{
    uint32_t h = 2166136261U;
    for (const char *c = name; *c != '\0'; c++) {
        h = (h ^ (unsigned char)*c) * 16777619U;
    }
    return h;
}

static struct count *find(struct metrics *metrics, const char *name)
{
    size_t at = hash(name) % METRICS_COUNTS_MAX;
    for (size_t i = 0; i < METRICS_COUNTS_MAX; i++, at = (at + 1) % METRICS_COUNTS_MAX) {
        struct count *count = &metrics->counts[at];
        if (count->name[0] == '\0') {
            memcpy(count->name, name, strlen(name) + 1);
            return count;
        }
        if (strcmp(count->name, name) == 0) {
            return count;
        }
    }
    return NULL;
}

void metrics_add(struct metrics *metrics, const char *what, const char *first, const char *second,
                 int64_t by)
{
    char name[METRICS_NAME_SIZE];
    int n = snprintf(name, sizeof name, "%s%s%s%s%s", what, first != NULL ? "|" : "",
                     first != NULL ? first : "", second != NULL ? "|" : "",
                     second != NULL ? second : "");
    if (metrics == NULL || by <= 0 || n < 0 || (size_t)n >= sizeof name) {
        return;
    }
    struct count *count = find(metrics, name);
    if (count != NULL) {
        metrics->pending += count->pending == 0;
        count->pending += by;
    }
}

bool metrics_pending(const struct metrics *metrics)
{
    return metrics != NULL && metrics->pending > 0;
}

/* ---- to Redis and back ---- */

static enum result post(const struct app *app, const struct count *count)
{
    struct redis_args args = {0};
    redis_text(&args, "HINCRBY");
    redis_text(&args, KEPT);
    redis_text(&args, count->name);
    redis_int(&args, count->pending);
    return redis_post(app->redis, &args, NULL, NULL);
}

void metrics_flush(const struct app *app, bool now)
{
    struct metrics *metrics = app->metrics;
    int64_t time = clock_monotonic_ms();
    if (!metrics_pending(metrics) || app->redis == NULL || (!now && time < metrics->next_ms)) {
        return;
    }
    metrics->next_ms = time + METRICS_EVERY_MS;
    int posts = 0;
    for (size_t i = 0; i < METRICS_COUNTS_MAX && metrics->pending > 0 && posts < POSTS_MAX; i++) {
        struct count *count = &metrics->counts[i];
        if (count->pending == 0) {
            continue;
        }
        if (post(app, count) != RESULT_OK) {
            return;
        }
        count->pending = 0;
        metrics->pending--;
        posts++;
    }
}

enum result metrics_each(const struct app *app,
                         void (*visit)(void *, const char *name, int64_t count), void *context)
{
    struct redis_reply *reply;
    struct redis_args args = {0};
    redis_text(&args, "HGETALL");
    redis_text(&args, KEPT);
    enum result result = redis_command(app->redis, &args, &reply);
    if (result != RESULT_OK) {
        return result;
    }
    for (size_t i = 0; i + 1 < redis_reply_count(reply); i += 2) {
        const char *name = redis_reply_text(redis_reply_at(reply, i));
        if (name != NULL) {
            visit(context, name, redis_reply_int(redis_reply_at(reply, i + 1), 0));
        }
    }
    redis_reply_free(reply);
    return RESULT_OK;
}
