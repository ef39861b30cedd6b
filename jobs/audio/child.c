#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sanitizer.h"

enum { FILES_MAX = 16, LOW_PRIORITY = 10, NOT_STARTED = 127, WORD_SIZE = 64 };

struct child {
    pid_t pid;
    int fd; /* pidfd */
    int64_t deadline_ms;
    bool too_slow;
    bool reaped;
    siginfo_t end;
};

/* ---- the child's side, between fork and exec: system calls only ---- */

/* The hard limit is a little above the soft one, so that SIGXCPU tells who ended it. */
static bool limit(int resource, int64_t soft, int64_t hard)
{
    const struct rlimit bound = {.rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard};
    return setrlimit(resource, &bound) == 0;
}

/* No core file: it would hold what people said. */
static bool set_limits(const struct child_limits *limits)
{
    bool good = limit(RLIMIT_CPU, limits->cpu_s, limits->cpu_s + 1) && limit(RLIMIT_CORE, 0, 0) &&
                limit(RLIMIT_FSIZE, limits->output_bytes, limits->output_bytes) &&
                limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX);
    return good &&
           (SANITIZER_IS_THERE || limit(RLIMIT_AS, limits->memory_bytes, limits->memory_bytes));
}

/* The given two become 0 and 1, wherever they were; 2 stays, and nothing else. */
static bool set_descriptors(int in, int out)
{
    int from = fcntl(in, F_DUPFD, 3);
    int to = fcntl(out, F_DUPFD, 3);
    return from >= 0 && to >= 0 && dup2(from, STDIN_FILENO) >= 0 && dup2(to, STDOUT_FILENO) >= 0 &&
           close_range(3, ~0U, 0) == 0;
}

/* The runner blocks signals and ignores SIGPIPE; both would pass through exec. */
static bool set_signals(void)
{
    const struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    return sigaction(SIGPIPE, &plain, NULL) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

/* The parent's connections first: if it dies now, Redis would go on handing its jobs to them. And
 * no low priority before they are closed. */
static _Noreturn void become(const struct child_order *order, char *const *words, char *const *env,
                             pid_t parent)
{
    bool good = set_descriptors(order->in, order->out) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    /* A parent that died before the death signal was set is noticed here. */
    if (good && getppid() == parent && set_signals() && set_limits(&order->limits)) {
        (void)setpriority(PRIO_PROCESS, 0, LOW_PRIORITY);
        (void)execve("/proc/self/exe", words, env);
    }
    _exit(NOT_STARTED);
}

/* ---- our side ---- */

/* What sanitizers are told is all that a child is told: our environment holds secrets. */
static size_t pick_environment(char **env, size_t most)
{
    static const char *const KEPT[] = {"ASAN_OPTIONS=", "UBSAN_OPTIONS="};
    size_t count = 0;
    for (char **one = environ; *one != NULL; one++) {
        for (size_t i = 0; i < sizeof KEPT / sizeof *KEPT && count + 1 < most; i++) {
            if (strncmp(*one, KEPT[i], strlen(KEPT[i])) == 0) {
                env[count++] = *one;
            }
        }
    }
    env[count] = NULL;
    return count;
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
    bool good = add_word(words, 0, "tapedeck");
    for (size_t i = 0; good && i < CHILD_WORDS_MAX && order->words[i] != NULL; i++) {
        good = add_word(words, i + 1, order->words[i]);
    }
    return good;
}

static bool start(struct child *child, const struct child_order *order, const struct words *words)
{
    enum { ENVIRONMENT_MAX = 4 };
    char *env[ENVIRONMENT_MAX];
    (void)pick_environment(env, ENVIRONMENT_MAX);
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0) {
        become(order, words->list, env, parent);
    }
    if (child->pid < 0) {
        return false;
    }
    /* Until we reap it the process, dead or alive, is there for its number. */
    child->fd = pidfd_open(child->pid, 0);
    return child->fd >= 0;
}

struct child *child_start(const struct child_order *order)
{
    struct words words = {0};
    struct child *child = calloc(1, sizeof *child);
    if (child == NULL) {
        return NULL;
    }
    child->fd = -1;
    child->pid = -1;
    child->deadline_ms = clock_monotonic_ms() + order->limits.wall_ms;
    if (!copy_words(order, &words) || !start(child, order, &words)) {
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
