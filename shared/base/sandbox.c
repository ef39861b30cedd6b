#include "sandbox.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "sandbox_calls.h"
#include "sanitizer.h"

/* The kernel's interface (linux/landlock.h), written down here: Debian 11 has no such header, and
 * a header that is there may know less than the kernel that runs. The numbers of these three calls
 * are the same on every architecture. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };
enum { CREATE_RULESET_VERSION = 1, RULE_PATH_BENEATH = 1 };

#define FS_WRITE_FILE (1ULL << 1)
#define FS_READ_FILE (1ULL << 2)
#define FS_READ_DIR (1ULL << 3)
#define FS_MAKE_REG (1ULL << 8)
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

/* Only what is not zero must be known to the kernel, whatever the size. */
struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* How many rights to files each version has, the lowest bits first: all of them are handled, so
 * that what is not allowed is refused. */
static uint64_t handled_files(long version)
{
    static const int RIGHTS[] = {0, 13, 14, 15, 15, 16};
    const long newest = sizeof RIGHTS / sizeof *RIGHTS - 1;
    return (1ULL << RIGHTS[version < newest ? version : newest]) - 1;
}

static struct ruleset ruleset_for(enum sandbox_kind kind, long version)
{
    bool decodes = kind == SANDBOX_DECODER;
    return (struct ruleset){
        .fs = handled_files(version),
        .net = version < 4 ? 0 : NET_BIND_TCP | (decodes ? NET_CONNECT_TCP : 0),
        .scoped = version < 6 ? 0 : SCOPE_SIGNAL | (decodes ? SCOPE_ABSTRACT_UNIX_SOCKET : 0),
    };
}

static long landlock_version(void)
{
    return syscall(CREATE_RULESET, NULL, 0, CREATE_RULESET_VERSION);
}

static void allow(struct sandbox *sandbox, const char *path, uint64_t rights)
{
    struct stat st;
    struct path_beneath rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) {
        return;
    }
    if (fstat(rule.parent_fd, &st) == 0) {
        /* Rights of folders on a file are no rule at all. */
        rule.allowed = S_ISDIR(st.st_mode) ? rights : rights & (FS_READ_FILE | FS_WRITE_FILE);
        (void)syscall(ADD_RULE, sandbox->ruleset, RULE_PATH_BENEATH, &rule, 0);
    }
    close(rule.parent_fd);
}

struct sandbox sandbox_new(enum sandbox_kind kind)
{
    struct sandbox sandbox = {.magic = MAGIC(sandbox), .kind = kind, .ruleset = -1};
    long version = landlock_version();
    if (version >= 1) {
        const struct ruleset ruleset = ruleset_for(kind, version);
        sandbox.ruleset = (int)syscall(CREATE_RULESET, &ruleset, sizeof ruleset, 0);
    }
    if (sandbox.ruleset >= 0 && SANITIZER_IS_THERE) {
        /* It reads /proc and debug information, and writes its report wherever it was told to. */
        allow(&sandbox, "/", FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_MAKE_REG);
    }
    return sandbox;
}

void sandbox_may_read(struct sandbox *sandbox, const char *path)
{
    if (sandbox->ruleset >= 0) {
        allow(sandbox, path, FS_READ_FILE | FS_READ_DIR);
    }
}

/* Without new privileges: else either of the two would need root. */
enum result sandbox_enter(struct sandbox *sandbox)
{
    bool plain = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    if (sandbox->ruleset >= 0) {
        sandbox->files = plain && syscall(RESTRICT_SELF, sandbox->ruleset, 0) == 0;
        close(sandbox->ruleset);
        sandbox->ruleset = -1;
    }
    sandbox->calls = plain && sandbox_calls_refuse(sandbox->kind == SANDBOX_DECODER);
    return sandbox->files && sandbox->calls ? RESULT_OK : RESULT_UNAVAILABLE;
}

struct sandbox sandbox_probe(enum sandbox_kind kind)
{
    return (struct sandbox){.magic = MAGIC(sandbox),
                            .kind = kind,
                            .ruleset = -1,
                            .files = landlock_version() >= 1,
                            .calls = sandbox_calls_known()};
}

void sandbox_tell(const struct sandbox *sandbox)
{
    if (!sandbox->files || !sandbox->calls) {
        log_event("SANDBOX_MISSING", "landlock=%s seccomp=%s", sandbox->files ? "yes" : "no",
                  sandbox->calls ? "yes" : "no");
    }
}
