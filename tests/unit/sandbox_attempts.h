/*
 * What a process inside of a sandbox tries: each gives the errno that it met, or 0.
 */
#ifndef TAPEDECK_TESTS_SANDBOX_ATTEMPTS_H
#define TAPEDECK_TESTS_SANDBOX_ATTEMPTS_H

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scratch.h"

enum { CLONE3 = 435, OPENAT2 = 437 };

typedef int attempted(const char *path);

static inline int met(long result)
{
    return result < 0 ? errno : 0;
}

static inline int read_file(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);
    return fd < 0 ? errno : met(read(fd, &byte, 1));
}

static inline int list_folder(const char *path)
{
    return met(open(path, O_RDONLY | O_DIRECTORY));
}

static inline int write_file(const char *path)
{
    return met(open(path, O_WRONLY));
}

static inline int make_file(const char *path)
{
    char another[2 * SCRATCH_SIZE + 8];
    (void)snprintf(another, sizeof another, "%s.new", path);
    return met(open(another, O_RDONLY | O_CREAT, 0600));
}

static inline int remove_file(const char *path)
{
    return met(unlink(path));
}

static inline int rename_file(const char *path)
{
    return met(rename(path, path));
}

static inline int open_mode(const char *path)
{
    return met(chmod(path, 0666));
}

static inline int run_program(const char *path)
{
    (void)path;
    char name[] = "/bin/true";
    char *words[] = {name, NULL};
    return met(execv(name, words));
}

static inline int start_process(const char *path)
{
    (void)path;
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    return met(pid);
}

/* The same by a call whose arguments a filter cannot see: struct clone_args, whose fifth number is
 * the signal at its end. */
static inline int start_process_by_clone3(const char *path)
{
    (void)path;
    const uint64_t wishes[8] = {[4] = SIGCHLD};
    long pid = syscall(CLONE3, wishes, sizeof wishes);
    if (pid == 0) {
        _exit(0);
    }
    return met(pid);
}

/* struct open_how: flags, mode, resolve. */
static inline int write_by_openat2(const char *path)
{
    const uint64_t wishes[3] = {O_WRONLY};
    return met(syscall(OPENAT2, AT_FDCWD, path, wishes, sizeof wishes));
}

static inline int watch_another(const char *path)
{
    (void)path;
    return met(ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
}

static inline int signal_another(const char *path)
{
    (void)path;
    return met(kill(getppid(), 0));
}

static inline int signal_another_thread(const char *path)
{
    (void)path;
    return met(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static inline int turn_memory_into_code(const char *path)
{
    (void)path;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED ? met(mprotect(page, 4096, PROT_READ | PROT_EXEC)) : ENOMEM;
}

static inline int map_code_to_write(const char *path)
{
    (void)path;
    void *page =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? errno : 0;
}

static inline int open_socket(const char *path)
{
    (void)path;
    return met(socket(AF_UNIX, SOCK_STREAM, 0));
}

static inline int open_odd_socket(const char *path)
{
    (void)path;
    return met(socket(AF_NETLINK, SOCK_RAW, 0));
}

static inline int listen_somewhere(const char *path)
{
    (void)path;
    return met(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static inline int bind_port(const char *path)
{
    (void)path;
    const struct sockaddr_in address = {.sin_family = AF_INET};
    return met(bind(socket(AF_INET, SOCK_STREAM, 0), (const void *)&address, sizeof address));
}

static inline int make_namespace(const char *path)
{
    (void)path;
    return met(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */));
}

static inline int fall_over(const char *path)
{
    (void)path;
    abort();
}

static inline void *do_nothing(void *context)
{
    return context;
}

/* What libcurl's resolver does: a thread that asks the C library for addresses. */
static inline int look_up_in_a_thread(const char *path)
{
    (void)path;
    pthread_t thread;
    struct addrinfo *found = NULL;
    if (pthread_create(&thread, NULL, do_nothing, NULL) != 0) {
        return 1;
    }
    pthread_join(thread, NULL);
    if (getaddrinfo("127.0.0.1", "80", NULL, &found) != 0) {
        return 2;
    }
    freeaddrinfo(found);
    return 0;
}

static inline int decode(const char *path)
{
    (void)path;
    struct stat st;
    char *bytes = malloc(8 << 20);
    if (bytes == NULL) {
        return 1;
    }
    memset(bytes, 1, 8 << 20);
    char *more = realloc(bytes, 32 << 20);
    if (more == NULL) {
        free(bytes);
        return 2;
    }
    free(more);
    if (fstat(STDIN_FILENO, &st) != 0 || lseek(STDIN_FILENO, 0, SEEK_CUR) != 0) {
        return 3;
    }
    return read(STDIN_FILENO, &st, 1) == 1 && fsync(STDIN_FILENO) == 0 ? 0 : 4;
}

#endif
