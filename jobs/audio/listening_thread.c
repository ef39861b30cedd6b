#include "listening_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/magic.h"
#include "child_limits.h"
#include "listening.h"
#include "plain_sound.h"

struct listening_thread {
    struct magic magic;
    pthread_t thread;
    bool started;
    int event_fd; /* readable when it has ended */
    struct plain_sound *sound;
    int out;
    int64_t most;
    enum result result; /* there with the event */
    atomic_bool stop;
};

/* ---- the thread's side ---- */

static int64_t read_sound(void *context, int16_t *samples, int64_t count)
{
    struct listening_thread *t = CHECKED(listening_thread, context);
    return atomic_load_explicit(&t->stop, memory_order_relaxed)
               ? 0
               : plain_sound_read(t->sound, samples, count);
}

static enum result rewind_sound(void *context)
{
    plain_sound_rewind(CHECKED(listening_thread, context)->sound);
    return RESULT_OK;
}

/* Linux gives each thread a priority of its own. */
static void *serve(void *context)
{
    static const uint64_t ONE = 1;
    struct listening_thread *t = CHECKED(listening_thread, context);
    const struct listening_sound sound = {.channels = plain_sound_channels(t->sound),
                                          .rate = plain_sound_rate(t->sound),
                                          .read = read_sound,
                                          .rewind = rewind_sound,
                                          .context = t};
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), CHILD_LOW_PRIORITY);
    t->result = listening_write(&sound, t->out, t->most);
    (void)!write(t->event_fd, &ONE, sizeof ONE);
    return NULL;
}

/* ---- the loop's side ---- */

struct listening_thread *listening_thread_start(struct plain_sound *sound, int out, int64_t most)
{
    struct listening_thread *t = calloc(1, sizeof *t);
    if (t == NULL) {
        plain_sound_close(sound);
        return NULL;
    }
    t->magic = MAGIC(listening_thread);
    t->sound = sound;
    t->out = out;
    t->most = most;
    t->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    t->started = t->event_fd >= 0 && pthread_create(&t->thread, NULL, serve, t) == 0;
    if (!t->started) {
        listening_thread_free(t);
        return NULL;
    }
    return t;
}

int listening_thread_fd(const struct listening_thread *thread)
{
    return thread->event_fd;
}

bool listening_thread_check(struct listening_thread *thread, enum result *result)
{
    uint64_t rung;
    if (read(thread->event_fd, &rung, sizeof rung) != sizeof rung) {
        return false;
    }
    *result = thread->result;
    return true;
}

void listening_thread_free(struct listening_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    if (thread->started) {
        atomic_store(&thread->stop, true);
        pthread_join(thread->thread, NULL);
    }
    if (thread->event_fd >= 0) {
        close(thread->event_fd);
    }
    plain_sound_close(thread->sound);
    free(thread);
}
