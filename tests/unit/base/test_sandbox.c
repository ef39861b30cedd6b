/*
 * Each thing is tried by a child of this process that is inside, and gives the errno that it met
 * as its status.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"
#include "base/sanitizer.h"
#include "sandbox_attempts.h"
#include "scratch.h"

enum { CREATE_RULESET = 444, CREATE_RULESET_VERSION = 1, SIGNALLED = 1000 };

/* Parts that a kernel may lack; a test takes them away from one that has them. */
enum { LANDLOCK = 1, SECCOMP = 2 };

/* This process' kernel has not these parts from here on: its calls are answered with ENOSYS. */
static bool take_away(int parts)
{
    uint32_t first = parts & LANDLOCK ? CREATE_RULESET : SYS_seccomp;
    uint32_t second = parts & SECCOMP ? SYS_seccomp : CREATE_RULESET;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    return parts == 0 || (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                          prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static int end_of(pid_t pid)
{
    int status = -1;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

/* What `attempt` met inside, or SIGNALLED plus the signal that ended it. */
static int inside(enum sandbox_kind kind, int without, attempted *attempt, const char *folder,
                  const char *path)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (!take_away(without)) {
            _exit(ENOTRECOVERABLE);
        }
        struct sandbox sandbox = sandbox_new(kind);
        if (kind == SANDBOX_SERVER) {
            sandbox_may_read(&sandbox, folder);
            sandbox_may_read(&sandbox, "/etc");
        }
        (void)sandbox_enter(&sandbox);
        _exit(attempt(path));
    }
    return end_of(pid);
}

/* ---- what is met ---- */

/* What is refused by each part, by itself; 0: it lets it pass. `version` is the first Landlock that
 * refuses it. A sanitizer needs what is `plain` for itself: under one it is not refused. */
struct refusal {
    const char *what;
    attempted *attempt;
    int by_landlock, by_seccomp;
    int version;
    bool plain;
};

static const struct refusal BY_SERVER[] = {
    {"write", write_file, EACCES, EPERM, 1, true},
    {"make", make_file, EACCES, EPERM, 1, true},
    {"remove", remove_file, EACCES, EPERM, 1, false},
    {"rename", rename_file, EACCES, EPERM, 1, false},
    {"chmod", open_mode, 0, EPERM, 1, false},
    {"execve", run_program, EACCES, EPERM, 1, false},
    {"clone", start_process, 0, EPERM, 1, true},
    {"clone3", start_process_by_clone3, 0, ENOSYS, 1, false},
    {"openat2", write_by_openat2, EACCES, ENOSYS, 1, true},
    {"ptrace", watch_another, EPERM, EPERM, 1, true},
    {"kill", signal_another, EPERM, EPERM, 6, false},
    {"tgkill", signal_another_thread, EPERM, 0, 6, false},
    {"mprotect", turn_memory_into_code, 0, EPERM, 1, false},
    {"mmap", map_code_to_write, 0, EPERM, 1, false},
    {"netlink", open_odd_socket, 0, EAFNOSUPPORT, 1, false},
    {"listen", listen_somewhere, 0, EPERM, 1, false},
    {"bind", bind_port, EACCES, 0, 4, false},
    {"unshare", make_namespace, 0, EPERM, 1, false},
    {"read", read_file, 0, 0, 1, false},
    {"socket", open_socket, 0, 0, 1, false},
    {"look up", look_up_in_a_thread, 0, 0, 1, false},
};

static const struct refusal BY_DECODER[] = {
    {"read", read_file, EACCES, EPERM, 1, true},
    {"write", write_file, EACCES, EPERM, 1, true},
    {"remove", remove_file, EACCES, EPERM, 1, false},
    {"chmod", open_mode, 0, EPERM, 1, false},
    {"execve", run_program, EACCES, EPERM, 1, false},
    {"clone", start_process, 0, EPERM, 1, true},
    {"kill", signal_another, EPERM, EPERM, 6, false},
    {"mprotect", turn_memory_into_code, 0, EPERM, 1, false},
    {"mmap", map_code_to_write, 0, EPERM, 1, false},
    {"socket", open_socket, 0, EPERM, 1, false},
    {"unshare", make_namespace, 0, EPERM, 1, false},
    {"decode", decode, 0, 0, 1, false},
};

static long landlock_version(void)
{
    return syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
}

static int expected_of(const struct refusal *r, int without)
{
    bool files = (without & LANDLOCK) == 0 && landlock_version() >= r->version;
    bool calls = (without & SECCOMP) == 0 && sandbox_probe(SANDBOX_SERVER).calls;
    return calls && r->by_seccomp != 0 ? r->by_seccomp : files ? r->by_landlock : 0;
}

/* What nobody refuses may fail for reasons of this host, as making a namespace does. */
static void check(enum sandbox_kind kind, int without, const struct refusal *refusals, size_t count)
{
    char folder[SCRATCH_SIZE], path[2 * SCRATCH_SIZE];
    for (size_t i = 0; i < count; i++) {
        const struct refusal *r = &refusals[i];
        int expected = expected_of(r, without);
        bool harmless = r->by_landlock == 0 && r->by_seccomp == 0;
        assert_true(scratch_make(folder) && scratch_file(folder, "file", "x", 1));
        int found = inside(kind, without, r->attempt, folder, scratch_path(folder, "file", path));
        if (found != expected && (expected != 0 || harmless) && !(r->plain && SANITIZER_IS_THERE)) {
            print_error("%s, without %d: %s\n", r->what, without, strerror(found));
            assert_int_equal(found, expected);
        }
        assert_true(scratch_remove(folder));
    }
}

static void test_server(void **state)
{
    (void)state;
    for (int without = 0; without <= (LANDLOCK | SECCOMP); without++) {
        check(SANDBOX_SERVER, without, BY_SERVER, sizeof BY_SERVER / sizeof *BY_SERVER);
    }
}

static void test_decoder(void **state)
{
    (void)state;
    FILE *in = tmpfile();
    assert_true(in != NULL && fputs("x", in) >= 0 && fflush(in) == 0);
    for (int without = 0; without <= (LANDLOCK | SECCOMP); without++) {
        rewind(in);
        assert_int_equal(dup2(fileno(in), STDIN_FILENO), STDIN_FILENO);
        check(SANDBOX_DECODER, without, BY_DECODER, sizeof BY_DECODER / sizeof *BY_DECODER);
    }
    fclose(in);
}

/* Only what it was shown: another folder is closed, and so is a file beside the one that is open.
 */
static void test_what_may_be_read(void **state)
{
    (void)state;
    char shown[SCRATCH_SIZE], other[SCRATCH_SIZE], path[2 * SCRATCH_SIZE], file[2 * SCRATCH_SIZE];
    if (landlock_version() < 1 || SANITIZER_IS_THERE) {
        print_message("no Landlock, or a sanitizer that reads all there is: not tried\n");
        skip();
    }
    assert_true(scratch_make(shown) && scratch_file(shown, "file", "x", 1));
    assert_true(scratch_make(other) && scratch_file(other, "file", "x", 1));
    (void)scratch_path(shown, "file", file);
    assert_int_equal(inside(SANDBOX_SERVER, 0, list_folder, shown, shown), 0);
    assert_int_equal(inside(SANDBOX_SERVER, 0, list_folder, shown, other), EACCES);
    (void)scratch_path(other, "file", path);
    assert_int_equal(inside(SANDBOX_SERVER, 0, read_file, shown, path), EACCES);
    assert_int_equal(inside(SANDBOX_SERVER, 0, read_file, file, file), 0);
    assert_int_equal(inside(SANDBOX_SERVER, 0, list_folder, file, shown), EACCES);
    assert_int_equal(inside(SANDBOX_SERVER, 0, read_file, "/not/there", file), EACCES);
    assert_true(scratch_remove(shown) && scratch_remove(other));
}

/* A check of the C library that fails ends the process as it would outside. */
static void test_abort(void **state)
{
    (void)state;
    for (int without = 0; without <= (LANDLOCK | SECCOMP); without++) {
        assert_int_equal(inside(SANDBOX_SERVER, without, fall_over, "/", "/"), SIGNALLED + SIGABRT);
        assert_int_equal(inside(SANDBOX_DECODER, without, fall_over, "/", "/"),
                         SIGNALLED + SIGABRT);
    }
}

/* ---- what is said ---- */

static int enter_and_tell(enum sandbox_kind kind)
{
    struct sandbox sandbox = sandbox_new(kind);
    const struct sandbox probe = sandbox_probe(kind);
    enum result result = sandbox_enter(&sandbox);
    bool all = sandbox.files && sandbox.calls;
    sandbox_tell(&sandbox);
    return sandbox.files == probe.files && sandbox.calls == probe.calls && sandbox.ruleset == -1 &&
                   result == (all ? RESULT_OK : RESULT_UNAVAILABLE)
               ? 0
               : 1;
}

static void test_what_is_missing_is_said(void **state)
{
    (void)state;
    const struct sandbox here = sandbox_probe(SANDBOX_SERVER);
    for (int without = 0; without <= (LANDLOCK | SECCOMP); without++) {
        char said[128] = "", expected[128] = "";
        int ends[2];
        bool files = here.files && (without & LANDLOCK) == 0;
        bool calls = here.calls && (without & SECCOMP) == 0;
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        if (pid == 0) {
            bool set = dup2(ends[1], STDERR_FILENO) >= 0 && take_away(without);
            _exit(set ? enter_and_tell(without % 2 ? SANDBOX_SERVER : SANDBOX_DECODER) : 2);
        }
        close(ends[1]);
        assert_int_equal(end_of(pid), 0);
        assert_true(read(ends[0], said, sizeof said - 1) >= 0);
        close(ends[0]);
        if (!files || !calls) {
            (void)snprintf(expected, sizeof expected, "SANDBOX_MISSING landlock=%s seccomp=%s\n",
                           files ? "yes" : "no", calls ? "yes" : "no");
        }
        assert_string_equal(said, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_decoder),
        cmocka_unit_test(test_what_may_be_read),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
