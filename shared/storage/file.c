#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/read_at.h"
#include "folders.h"
#include "wave.h"

enum { NS_PER_S = 1000000000 };

_Static_assert(sizeof(off_t) == sizeof(int64_t), "a recording may be larger than 2 GiB");
_Static_assert(FILE_ETAG_SIZE > sizeof "\"\"-" + 2 * 16, "an etag of two 64-bit numbers fits");

/* ---- finished files ---- */

/* Unsigned on the way: a time far off, which anybody can set, wraps around. */
int64_t file_modified_ns(const struct stat *st)
{
    return (int64_t)((uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec);
}

static void take_facts(const struct stat *st, struct file_facts *facts)
{
    facts->size = st->st_size;
    facts->modified = st->st_mtime;
    facts->modified_ns = file_modified_ns(st);
}

/* Looks for a name in the business's folder, which is open and whose path is there, of `len` bytes.
 */
static bool stat_named(int folder, size_t len, const char *call_sid, const char *ending,
                       struct file_facts *out)
{
    struct stat st;
    size_t sid = strlen(call_sid), rest = strlen(ending);
    char *name = out->path + len + 1;
    if (len + 1 + sid + 1 + rest >= sizeof out->path) {
        return false;
    }
    name[-1] = '/';
    memcpy(name, call_sid, sid);
    name[sid] = '.';
    memcpy(name + sid + 1, ending, rest + 1);
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    take_facts(&st, out);
    return true;
}

enum result file_find(const struct config *config, int64_t business_id, const char *call_sid,
                      struct file_facts *out)
{
    bool found = false;
    int folder = folders_open_business(config, business_id, O_PATH, out->path);
    if (folder < 0) {
        return errno == ELOOP || errno == ENOTDIR ? RESULT_FAILED : RESULT_NOT_FOUND;
    }
    size_t len = strlen(out->path);
    for (int kind = AUDIO_UNKNOWN + 1; kind < AUDIO_KINDS && !found; kind++) {
        out->kind = (enum audio_kind)kind;
        found = stat_named(folder, len, call_sid, audio_extension(out->kind), out);
    }
    close(folder);
    return found ? RESULT_OK : RESULT_NOT_FOUND;
}

/* The folder first, which is no symbolic link to another's. */
static int open_as(const struct file_facts *facts, int flags)
{
    char path[PATH_MAX];
    const char *slash = strrchr(facts->path, '/');
    if (slash == NULL) {
        return -1;
    }
    size_t len = (size_t)(slash - facts->path);
    memcpy(path, facts->path, len);
    path[len] = '\0';
    int folder = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        return -1;
    }
    int fd = openat(folder, slash + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
    int error = errno;
    close(folder);
    errno = error;
    return fd;
}

int file_open(const struct file_facts *facts)
{
    return open_as(facts, 0);
}

/* Only a file's owner may leave its time of access alone. */
int file_open_quietly(const struct file_facts *facts)
{
    int fd = open_as(facts, O_NOATIME);
    return fd < 0 && errno == EPERM ? file_open(facts) : fd;
}

static bool has_what_it_claims(const struct file_facts *facts)
{
    unsigned char head[WAVE_HEAD] = "";
    int fd = facts->kind == AUDIO_WAV ? file_open_quietly(facts) : -1;
    if (fd < 0) {
        return true;
    }
    (void)read_at(fd, 0, head, sizeof head);
    close(fd);
    return wave_riff_size(head) <= facts->size + AUDIO_SLACK;
}

bool file_is_whole(const struct file_facts *facts, int64_t stored_bytes)
{
    if (stored_bytes > 0) {
        return facts->size == stored_bytes;
    }
    return facts->size > 0 && has_what_it_claims(facts);
}

enum result file_find_whole(const struct config *config, int64_t business_id, const char *call_sid,
                            int64_t stored_bytes, struct file_facts *out)
{
    enum result result = file_find(config, business_id, call_sid, out);
    if (result == RESULT_OK && !file_is_whole(out, stored_bytes)) {
        log_event("FILE_DAMAGED", "business_id=%lld sid=%s bytes=%lld stored=%lld",
                  (long long)business_id, call_sid, (long long)out->size, (long long)stored_bytes);
        result = RESULT_LOST;
    }
    return result;
}

const char *file_etag(const struct file_facts *facts, char *out)
{
    int n = snprintf(out, FILE_ETAG_SIZE, "\"%llx-%llx\"", (unsigned long long)facts->size,
                     (unsigned long long)facts->modified_ns);
    if (n < 0 || n >= FILE_ETAG_SIZE) {
        abort();
    }
    return out;
}

static bool find_peaks(const struct config *config, int64_t business_id, const char *call_sid,
                       struct file_facts *out)
{
    int folder = folders_open_business(config, business_id, O_PATH, out->path);
    if (folder < 0) {
        return false;
    }
    bool found = stat_named(folder, strlen(out->path), call_sid, FILE_PEAKS_ENDING, out);
    close(folder);
    return found;
}

enum result file_peaks_find(const struct config *config, int64_t business_id, const char *call_sid,
                            const struct file_facts *recording, struct file_facts *out)
{
    if (!find_peaks(config, business_id, call_sid, out) ||
        out->modified_ns != recording->modified_ns) {
        return RESULT_NOT_FOUND;
    }
    out->kind = AUDIO_UNKNOWN;
    return out->size > 0 ? RESULT_OK : RESULT_INVALID;
}

enum result file_peaks_remove(const struct config *config, int64_t business_id,
                              const char *call_sid)
{
    struct file_facts peaks;
    if (!find_peaks(config, business_id, call_sid, &peaks)) {
        return RESULT_OK;
    }
    return unlink(peaks.path) == 0 || errno == ENOENT ? RESULT_OK : RESULT_FAILED;
}

/* ---- a recording that is arriving ---- */

/* The folder and the file, neither through a symbolic link. */
static int open_arriving(const struct config *config, int64_t business_id, const char *call_sid)
{
    char path[PATH_MAX], name[SID_SIZE + 8];
    int n = snprintf(name, sizeof name, ".%s.part", call_sid);
    if (n < 0 || (size_t)n >= sizeof name) {
        return -1;
    }
    int dir_fd = folders_open_business(config, business_id, O_RDONLY, path);
    if (dir_fd < 0) {
        return -1;
    }
    int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    close(dir_fd);
    return fd;
}

enum result file_arriving_open(const struct config *config, int64_t business_id,
                               const char *call_sid, int64_t stamp_ns, int *out)
{
    struct stat st;
    int fd = open_arriving(config, business_id, call_sid);
    if (fd < 0) {
        return RESULT_NOT_FOUND;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || file_modified_ns(&st) != stamp_ns) {
        close(fd);
        return RESULT_LOST;
    }
    *out = fd;
    return RESULT_OK;
}

int64_t file_arriving_size(int fd, bool *goes_on)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        *goes_on = false;
        return 0;
    }
    *goes_on = st.st_nlink > 0;
    return st.st_size;
}

/* ---- the folder ---- */

enum result file_dir_check(const struct config *config, bool to_write)
{
    int mode = R_OK | X_OK | (to_write ? W_OK : 0);
    return faccessat(AT_FDCWD, config->recordings_dir, mode, AT_EACCESS) == 0 ? RESULT_OK
                                                                              : RESULT_FAILED;
}
