/*
 * A process that closes itself: Landlock for files (landlock(7)), and a seccomp filter for system
 * calls (seccomp(2)). Both are for good, and need no root.
 *
 * What is refused fails with EACCES or EPERM; nobody is killed for trying. Where the kernel lacks
 * one of the two the other one holds, and the caller may say what is missing and go on. A build
 * with a sanitizer refuses less: sandbox.c and sandbox_calls.c ask sanitizer.h.
 *
 *     struct sandbox sandbox = sandbox_new(SANDBOX_SERVER);
 *     sandbox_may_read(&sandbox, "/etc");
 *     sandbox_enter(&sandbox);
 *     sandbox_tell(&sandbox);
 */
#ifndef TAPEDECK_BASE_SANDBOX_H
#define TAPEDECK_BASE_SANDBOX_H

#include <stdbool.h>

#include "magic.h"
#include "result.h"

enum sandbox_kind {
    /* Reads what it is shown, and connects to others. Starts no program and no process, opens
     * nothing for writing, listens nowhere, signals nobody. */
    SANDBOX_SERVER,
    /* Has the descriptors that it holds, memory, and nothing else. */
    SANDBOX_DECODER,
};

struct sandbox {
    struct magic magic;
    enum sandbox_kind kind;
    int ruleset; /* a descriptor until sandbox_enter; -1 without Landlock */
    bool files;  /* Landlock holds */
    bool calls;  /* the filter holds */
};

/* One that nobody is in yet, in which no path may be opened. Only sandbox_enter ends it. */
struct sandbox sandbox_new(enum sandbox_kind kind);

/* This file, or all that lies in this folder, may be opened for reading. `path` is followed now,
 * and need not be there: then nothing is added. */
void sandbox_may_read(struct sandbox *sandbox, const char *path);

/* From here on this thread, and what it starts, is inside. RESULT_UNAVAILABLE: the kernel lacks
 * something; `files` and `calls` say what holds. */
enum result sandbox_enter(struct sandbox *sandbox);

/* What sandbox_enter would give, without entering. */
struct sandbox sandbox_probe(enum sandbox_kind kind);

/* One line in the log if something is missing: SANDBOX_MISSING landlock=no seccomp=yes. */
void sandbox_tell(const struct sandbox *sandbox);

#endif
