#include "child.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own_folder.h"

enum { WORD_SIZE = 64, ASK_AGAIN_MS = 20 };

struct child {
    pid_t pid;
    int fd; /* pidfd, or a timer */
    int64_t deadline_ms;
    bool too_slow;
    bool reaped;
    siginfo_t end;
};

/* ---- what it is started with ---- */

/* What sanitizers are told is all that a child is told beside its limits: our environment holds
 * secrets. */
static void pick_environment(char *limits, char **env, size_t most)
{
    static const char *const KEPT[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS="};
    size_t count = 0;
    env[count++] = limits;
    for (char **one = environ; *one != NULL; one++) {
        for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT && count + 1 < most; i++) {
            if (strncmp(*one, KEPT[i], strlen(KEPT[i])) == 0) {
                env[count++] = *one;
            }
        }
    }
    env[count] = NULL;
}

/* exec takes words that may be written to, so these are copies; a list of them ends with NULL. */
struct words {
    char text[CHILD_WORDS_MAX + 1][WORD_SIZE];
    char *list[CHILD_WORDS_MAX + 2];
};

static bool add_word(struct words *words, size_t at, const char *word)
{
    int n = snprintf(words->text[at], WORD_SIZE, "%s", word);
    words->list[at] = words->text[at];
    return n >= 0 && n < WORD_SIZE;
}

static bool copy_words(const struct child_order *order, struct words *words)
{
    bool good = add_word(words, 0, CHILD_DECODER);
    for (size_t i = 0; good && i < CHILD_WORDS_MAX && order->words[i] != NULL; i++) {
        good = add_word(words, i + 1, order->words[i]);
    }
    return good;
}

/* The decoder lies beside this program. */
static bool find_program(const struct child_order *order, char path[PATH_MAX])
{
    char own[PATH_MAX];
    int n = order->program != NULL ? snprintf(path, PATH_MAX, "%s", order->program)
                                   : snprintf(path, PATH_MAX, "%s/" CHILD_DECODER, own_folder(own));
    return n > 0 && n < PATH_MAX;
}

/* ---- starting it ---- */

/* The given two become 0 and 1; 2 stays, and nothing else: if we die now, Redis would go on handing
 * our jobs to whoever has our connections. */
static int set_descriptors(posix_spawn_file_actions_t *actions, const struct child_order *order)
{
    int error = posix_spawn_file_actions_adddup2(actions, order->in, STDIN_FILENO);
    error =
        error != 0 ? error : posix_spawn_file_actions_adddup2(actions, order->out, STDOUT_FILENO);
    return error != 0 ? error : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

/* The runner blocks signals and ignores SIGPIPE; both would pass through exec. */
static int set_signals(posix_spawnattr_t *attributes)
{
    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    int error = posix_spawnattr_setsigmask(attributes, &none);
    error = error != 0 ? error : posix_spawnattr_setsigdefault(attributes, &pipe);
    return error != 0 ? error
                      : posix_spawnattr_setflags(attributes,
                                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static bool spawn(struct child *child, const struct child_order *order, const char *path,
                  char *const *words, char *const *env)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return false;
    }
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return false;
    }
    pid_t pid = -1;
    bool good = set_descriptors(&actions, order) == 0 && set_signals(&attributes) == 0 &&
                posix_spawn(&pid, path, &actions, &attributes, words, env) == 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    child->pid = good ? pid : -1;
    return good;
}

/* Linux has pidfd_open since 5.3. Before that a timer has us look again and again. */
static int open_end(pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    if (fd >= 0 || errno != ENOSYS) {
        return fd;
    }
    const struct timespec soon = {.tv_nsec = ASK_AGAIN_MS * 1000000L};
    const struct itimerspec often = {.it_interval = soon, .it_value = soon};
    fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd >= 0 && timerfd_settime(fd, 0, &often, NULL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool start(struct child *child, const struct child_order *order)
{
    enum { ENVIRONMENT_MAX = 4 };
    char *env[ENVIRONMENT_MAX], limits[CHILD_LIMITS_SIZE], path[PATH_MAX];
    struct words words = {0};
    pick_environment(child_limits_print(&order->limits, getpid(), limits), env, ENVIRONMENT_MAX);
    if (order->out <= STDERR_FILENO || !copy_words(order, &words) || !find_program(order, path) ||
        !spawn(child, order, path, words.list, env)) {
        return false;
    }
    /* Until we reap it the process, dead or alive, is there for its number. */
    child->fd = open_end(child->pid);
    return child->fd >= 0;
}

struct child *child_start(const struct child_order *order)
{
    struct child *child = calloc(1, sizeof *child);
    if (child == NULL) {
        return NULL;
    }
    child->fd = -1;
    child->pid = -1;
    child->deadline_ms = clock_monotonic_ms() + order->limits.wall_ms;
    if (!start(child, order)) {
        child_free(child);
        return NULL;
    }
    return child;
}

int child_fd(const struct child *child)
{
    return child->fd;
}

static bool reap(struct child *child, int options)
{
    int result;
    do {
        child->end = (siginfo_t){0};
        result = waitid(P_PID, (id_t)child->pid, &child->end, WEXITED | options);
    } while (result != 0 && errno == EINTR);
    /* A child that is not there any more has ended, however that is. */
    child->reaped = result != 0 || child->end.si_pid != 0;
    return child->reaped;
}

/* Its own faults and limits, as against a kill that comes from an operator or the kernel's want of
 * memory. */
static bool is_own_fault(int signal)
{
    return signal != SIGKILL && signal != SIGTERM && signal != SIGINT && signal != SIGHUP;
}

enum child_outcome child_check(struct child *child, int *status)
{
    if (!child->reaped && !reap(child, WNOHANG)) {
        uint64_t ticks;
        (void)!read(child->fd, &ticks,
                    sizeof ticks); /* a timer is quiet till the next; a pidfd refuses */
        if (clock_monotonic_ms() < child->deadline_ms) {
            return CHILD_RUNS;
        }
        child->too_slow = true;
        (void)kill(child->pid, SIGKILL);
        (void)reap(child, 0);
    }
    if (child->too_slow) {
        return CHILD_TOO_SLOW;
    }
    if (child->end.si_code == CLD_EXITED) {
        *status = child->end.si_status;
        return CHILD_EXITED;
    }
    return is_own_fault(child->end.si_status) ? CHILD_CRASHED : CHILD_KILLED;
}

void child_free(struct child *child)
{
    if (child == NULL) {
        return;
    }
    if (child->pid > 0 && !child->reaped) {
        (void)kill(child->pid, SIGKILL);
        (void)reap(child, 0);
    }
    if (child->fd >= 0) {
        close(child->fd);
    }
    free(child);
}
