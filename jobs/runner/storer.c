#include "storer.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "observe/metrics.h"
#include "storing.h"

enum state { FREE, GIVEN, DONE, LEAVE };

struct storer {
    struct magic magic;
    struct app app; /* with connections and counts of its own */
    pthread_t thread;
    bool started;
    int event_fd; /* readable when DONE */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum state state; /* under the lock; the batch is the thread's while it is GIVEN */
    struct storing items[STORING_MAX];
    struct work *works[STORING_MAX]; /* whose they are; the loop's */
    size_t count;
};

/* The event is there as soon as the state is, so that whoever sees DONE takes both. */
static void change(struct storer *storer, enum state state)
{
    static const uint64_t ONE = 1;
    pthread_mutex_lock(&storer->lock);
    storer->state = state;
    if (state == DONE) {
        (void)!write(storer->event_fd, &ONE, sizeof ONE);
    }
    pthread_cond_broadcast(&storer->changed);
    pthread_mutex_unlock(&storer->lock);
}

static enum state state_of(struct storer *storer)
{
    pthread_mutex_lock(&storer->lock);
    enum state state = storer->state;
    pthread_mutex_unlock(&storer->lock);
    return state;
}

/* Waits while the state is one of these. Gives what it has become. */
static enum state await_other_than(struct storer *storer, enum state one, enum state two)
{
    pthread_mutex_lock(&storer->lock);
    while (storer->state == one || storer->state == two) {
        pthread_cond_wait(&storer->changed, &storer->lock);
    }
    enum state state = storer->state;
    pthread_mutex_unlock(&storer->lock);
    return state;
}

/* ---- the thread's side ---- */

static void *serve(void *context)
{
    struct storer *storer = CHECKED(storer, context);
    while (await_other_than(storer, FREE, DONE) == GIVEN) {
        storing_write(&storer->app, storer->items, storer->count);
        metrics_flush(&storer->app, true);
        change(storer, DONE);
    }
    return NULL;
}

/* ---- the loop's side ---- */

struct storer *storer_new(const struct app *app)
{
    struct storer *storer = calloc(1, sizeof *storer);
    if (storer == NULL) {
        return NULL;
    }
    storer->magic = MAGIC(storer);
    pthread_mutex_init(&storer->lock, NULL);
    pthread_cond_init(&storer->changed, NULL);
    storer->app = (struct app){.config = app->config};
    storer->app.pg = pg_new(app->config->database_url, app->config->pg_timeout);
    storer->app.redis = redis_new(app->config->redis_url, app->config->redis_timeout);
    storer->app.metrics = metrics_new();
    storer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    storer->started = storer->app.pg != NULL && storer->app.redis != NULL &&
                      storer->app.metrics != NULL && storer->event_fd >= 0 &&
                      pthread_create(&storer->thread, NULL, serve, storer) == 0;
    if (!storer->started) {
        storer_free(storer);
        return NULL;
    }
    return storer;
}

void storer_free(struct storer *storer)
{
    if (storer == NULL) {
        return;
    }
    if (storer->started) {
        if (state_of(storer) == GIVEN) {
            (void)await_other_than(storer, GIVEN, GIVEN);
        }
        change(storer, LEAVE);
        pthread_join(storer->thread, NULL);
    }
    if (storer->event_fd >= 0) {
        close(storer->event_fd);
    }
    pg_free(storer->app.pg);
    redis_free(storer->app.redis);
    metrics_free(storer->app.metrics);
    pthread_cond_destroy(&storer->changed);
    pthread_mutex_destroy(&storer->lock);
    free(storer);
}

int storer_fd(const struct storer *storer)
{
    return storer->event_fd;
}

static bool is_to_store(const struct work *work, int64_t now)
{
    return work->ended && !work->lost && work->end.outcome == TRANSFER_STORABLE &&
           now >= work->try_again_ms;
}

void storer_begin(struct storer *storer, const struct work_list *works)
{
    int64_t now = clock_monotonic_ms();
    if (storer->count > 0) {
        return;
    }
    for (struct work *work = works->first; work != NULL && storer->count < STORING_MAX;
         work = work->next) {
        if (is_to_store(work, now)) {
            work->storing = true;
            storer->works[storer->count] = work;
            storer->items[storer->count++] =
                (struct storing){.run = &work->run, .end = &work->end, .part = &work->part};
        }
    }
    if (storer->count > 0) {
        change(storer, GIVEN);
    }
}

void storer_end(struct storer *storer, void (*give_back)(struct work *, int64_t delay_ms),
                bool wait)
{
    uint64_t rung;
    if (storer->count == 0 || (!wait && state_of(storer) == GIVEN)) {
        return;
    }
    (void)await_other_than(storer, GIVEN, GIVEN);
    (void)!read(storer->event_fd, &rung, sizeof rung);
    for (size_t i = 0; i < storer->count; i++) {
        storer->works[i]->storing = false;
        give_back(storer->works[i], storer->items[i].delay_ms);
    }
    storer->count = 0;
    change(storer, FREE);
}
