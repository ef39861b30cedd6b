#include "recordings/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { DIR_MODE = 0750, FILE_MODE = 0640, OPEN_TRIES = 3 };

_Static_assert(sizeof(off_t) == sizeof(int64_t), "a recording may be larger than 2 GiB");
_Static_assert(FILE_ETAG_SIZE > sizeof "\"\"-" + 2 * 16, "an etag of two 64-bit numbers fits");
_Static_assert(SID_LENGTH == 34, "the precision in a part file's name");
_Static_assert(sizeof(((struct file_part *)NULL)->name) > 1 + SID_LENGTH + sizeof ".part" - 1,
               "a part file's name fits");

/* ---- finished files ---- */

static bool stat_finished(struct file_facts *facts, enum audio_kind kind)
{
    struct stat st;
    if (lstat(facts->path, &st) != 0 || !S_ISREG(st.st_mode)) {
        return false;
    }
    facts->kind = kind;
    facts->size = st.st_size;
    facts->modified = st.st_mtime;
    return true;
}

enum result file_find(const struct config *config, int64_t business_id, const char *call_sid,
                      struct file_facts *out)
{
    static const enum audio_kind KINDS[] = {AUDIO_WAV, AUDIO_MP3};
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        int n = snprintf(out->path, sizeof out->path, "%s/%lld/%s.%s", config->recordings_dir,
                         (long long)business_id, call_sid, audio_extension(KINDS[i]));
        if (n > 0 && (size_t)n < sizeof out->path && stat_finished(out, KINDS[i])) {
            return RESULT_OK;
        }
    }
    return RESULT_NOT_FOUND;
}

const char *file_etag(const struct file_facts *facts, char *out)
{
    int n = snprintf(out, FILE_ETAG_SIZE, "\"%llx-%llx\"", (unsigned long long)facts->size,
                     (unsigned long long)facts->modified);
    if (n < 0 || n >= FILE_ETAG_SIZE) {
        abort();
    }
    return out;
}

/* ---- part files ---- */

static const struct file_part CLOSED = {.fd = -1, .dir_fd = -1};

static void close_part(struct file_part *part)
{
    if (part->fd >= 0) {
        close(part->fd);
    }
    if (part->dir_fd >= 0) {
        close(part->dir_fd);
    }
    part->fd = part->dir_fd = -1;
}

static enum result failed(struct file_part *part)
{
    part->error = errno;
    return RESULT_FAILED;
}

static enum result open_folder(const struct config *config, int64_t business_id,
                               struct file_part *part)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%lld", config->recordings_dir, (long long)business_id);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return failed(part);
    }
    if (mkdir(path, DIR_MODE) != 0 && errno != EEXIST) {
        return failed(part);
    }
    part->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return part->dir_fd >= 0 ? RESULT_OK : failed(part);
}

/* Between open and flock the last holder may have renamed or removed the file: then what we hold
 * has no name any more, or the name is another's. */
static bool still_named(int fd, int dir_fd, const char *name)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static enum result open_locked(struct file_part *part)
{
    for (int i = 0; i < OPEN_TRIES; i++) {
        part->fd =
            openat(part->dir_fd, part->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
        if (part->fd < 0) {
            return failed(part);
        }
        if (flock(part->fd, LOCK_EX | LOCK_NB) != 0) {
            enum result result = errno == EWOULDBLOCK ? RESULT_LOST : failed(part);
            close(part->fd);
            part->fd = -1;
            return result;
        }
        if (still_named(part->fd, part->dir_fd, part->name)) {
            return RESULT_OK;
        }
        close(part->fd);
        part->fd = -1;
    }
    return RESULT_LOST;
}

enum result file_part_open(const struct config *config, int64_t business_id, const char *call_sid,
                           struct file_part *part)
{
    *part = CLOSED;
    (void)snprintf(part->call_sid, sizeof part->call_sid, "%s", call_sid);
    (void)snprintf(part->name, sizeof part->name, ".%.34s.part", call_sid);
    enum result result = open_folder(config, business_id, part);
    if (result == RESULT_OK) {
        result = open_locked(part);
    }
    if (result == RESULT_OK) {
        result = file_part_rewind(part);
    }
    if (result != RESULT_OK) {
        close_part(part);
    }
    return result;
}

static void keep_head(struct file_part *part, const char *bytes, size_t len)
{
    if (part->size >= AUDIO_HEAD_SIZE) {
        return;
    }
    size_t have = (size_t)part->size;
    size_t wanted = AUDIO_HEAD_SIZE - have;
    memcpy(part->head + have, bytes, len < wanted ? len : wanted);
}

enum result file_part_write(struct file_part *part, const char *bytes, size_t len)
{
    keep_head(part, bytes, len);
    while (len > 0) {
        ssize_t n = write(part->fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return failed(part);
        }
        bytes += n;
        len -= (size_t)n;
        part->size += n;
    }
    return RESULT_OK;
}

enum result file_part_rewind(struct file_part *part)
{
    part->size = 0;
    memset(part->head, 0, sizeof part->head);
    if (lseek(part->fd, 0, SEEK_SET) != 0 || ftruncate(part->fd, 0) != 0) {
        return failed(part);
    }
    return RESULT_OK;
}

enum result file_part_sync(struct file_part *part)
{
    return fsync(part->fd) == 0 ? RESULT_OK : failed(part);
}

enum result file_part_finish(struct file_part *part, enum audio_kind kind)
{
    char name[SID_SIZE + 8];
    int n = snprintf(name, sizeof name, "%s.%s", part->call_sid, audio_extension(kind));
    enum result result = RESULT_OK;
    if (n < 0 || (size_t)n >= sizeof name ||
        renameat(part->dir_fd, part->name, part->dir_fd, name) != 0) {
        result = failed(part);
        file_part_drop(part);
        return result;
    }
    if (fsync(part->dir_fd) != 0) {
        result = failed(part);
    }
    close_part(part);
    return result;
}

void file_part_drop(struct file_part *part)
{
    if (part->fd >= 0) {
        unlinkat(part->dir_fd, part->name, 0);
    }
    close_part(part);
}

/* ---- housekeeping ---- */

static bool is_part_name(const char *name)
{
    char sid[SID_SIZE];
    if (name[0] != '.' || strlen(name) != 1 + SID_LENGTH + 5 ||
        strcmp(name + 1 + SID_LENGTH, ".part") != 0) {
        return false;
    }
    memcpy(sid, name + 1, SID_LENGTH);
    sid[SID_LENGTH] = '\0';
    return text_is_sid(sid, "CA");
}

/* Removes a part file, but only while holding its lock. */
static bool sweep_part(int dir_fd, const char *name, int64_t age_ms)
{
    struct stat st;
    bool swept = false;
    int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_named(fd, dir_fd, name) && fstat(fd, &st) == 0 &&
        (clock_wall() - st.st_mtime) * 1000 >= age_ms) {
        swept = unlinkat(dir_fd, name, 0) == 0;
    }
    close(fd);
    return swept;
}

static int64_t sweep_folder(int root, const char *name, int64_t age_ms)
{
    int64_t swept = 0;
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        swept += is_part_name(entry->d_name) && sweep_part(dirfd(dir), entry->d_name, age_ms);
    }
    closedir(dir);
    return swept;
}

int64_t file_sweep_parts(const struct config *config, int64_t age_ms)
{
    int64_t swept = 0, business;
    DIR *root = opendir(config->recordings_dir);
    if (root == NULL) {
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(root)) != NULL;) {
        if (text_int(entry->d_name, 1, INT64_MAX, &business)) {
            swept += sweep_folder(dirfd(root), entry->d_name, age_ms);
        }
    }
    closedir(root);
    return swept;
}

enum result file_dir_check(const struct config *config)
{
    return access(config->recordings_dir, R_OK | W_OK | X_OK) == 0 ? RESULT_OK : RESULT_FAILED;
}
