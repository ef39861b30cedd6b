#include "child_limits.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sanitizer.h"
#include "base/text.h"

enum { FILES_MAX = 16, NUMBERS = 4 };

char *child_limits_print(const struct child_limits *limits, pid_t parent,
                         char out[CHILD_LIMITS_SIZE])
{
    int n = snprintf(out, CHILD_LIMITS_SIZE, CHILD_LIMITS "=%lld,%lld,%lld,%lld",
                     (long long)limits->cpu_s, (long long)limits->memory_bytes,
                     (long long)limits->output_bytes, (long long)parent);
    if (n < 0 || n >= CHILD_LIMITS_SIZE) {
        abort();
    }
    return out;
}

static bool read_numbers(const char *text, int64_t numbers[NUMBERS])
{
    for (size_t i = 0; i < NUMBERS; i++) {
        size_t len = strcspn(text, ",");
        if (!text_int_n(text, len, 0, INT64_MAX, &numbers[i])) {
            return false;
        }
        text += len + (text[len] == ',');
    }
    return text[0] == '\0';
}

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

bool child_limits_enter(const char *text)
{
    int64_t numbers[NUMBERS];
    if (!read_numbers(text, numbers)) {
        return false;
    }
    const struct child_limits limits = {
        .cpu_s = numbers[0], .memory_bytes = numbers[1], .output_bytes = numbers[2]};
    bool good =
        prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    /* A parent that died before the death signal was set is noticed here. */
    good = good && getppid() == (pid_t)numbers[3] && set_limits(&limits);
    (void)setpriority(PRIO_PROCESS, 0, CHILD_LOW_PRIORITY);
    return good;
}
