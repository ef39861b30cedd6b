#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "file.h"
#include "folders.h"

#define PART_ENDING "part"
#define PEAKS_ENDING "peaks"

enum { DIR_MODE = 0750, FILE_MODE = 0640, OPEN_TRIES = 3, NS_PER_S = 1000000000 };
enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
enum { FLUSH_EVERY_BYTES = 256 * 1024 };
enum { FINAL_NAME_SIZE = SID_SIZE + sizeof FILE_PEAKS_ENDING };

_Static_assert(SID_LENGTH == 34, "the precision in a part file's name");
_Static_assert(sizeof(((struct file_part *)NULL)->name) >
                   1 + SID_LENGTH + sizeof "." PEAKS_ENDING - 1,
               "a part file's name fits");

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
    part->dir_fd = open(path, FOLDER_FLAGS);
    if (part->dir_fd < 0 && errno == ENOENT && (mkdir(path, DIR_MODE) == 0 || errno == EEXIST)) {
        part->dir_fd = open(path, FOLDER_FLAGS);
    }
    return part->dir_fd >= 0 ? RESULT_OK : failed(part);
}

/* The time it carries from now on: what a reader knows it by, and the finished file's. Where the
 * filesystem keeps coarser times, what it kept counts. */
static void keep_stamp(const struct file_part *part)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = part->stamp_ns / NS_PER_S, .tv_nsec = part->stamp_ns % NS_PER_S}};
    (void)futimens(part->fd, times);
}

static void set_stamp(struct file_part *part, int64_t stamp_ns)
{
    struct stat st;
    part->stamp_ns = stamp_ns;
    keep_stamp(part);
    if (fstat(part->fd, &st) == 0) {
        part->stamp_ns = file_modified_ns(&st);
    }
}

/* Between open and flock the last holder may have renamed or removed the file: then what we hold
 * has no name any more, or the name is another's. */
static bool still_named(int fd, int dir_fd, const char *name)
{
    struct stat held, named;
    return fstat(fd, &held) == 0 && fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* What a dead writer left is not written over: somebody may be reading it. It loses its name, and
 * the next try makes a file of our own. */
static bool is_fresh(const struct file_part *part)
{
    struct stat st;
    if (fstat(part->fd, &st) == 0 && st.st_size == 0) {
        return true;
    }
    (void)unlinkat(part->dir_fd, part->name, 0);
    return false;
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
        if (still_named(part->fd, part->dir_fd, part->name) && is_fresh(part)) {
            return RESULT_OK;
        }
        close(part->fd);
        part->fd = -1;
    }
    return RESULT_LOST;
}

static enum result open_named(const struct config *config, int64_t business_id,
                              const char *call_sid, const char *ending, struct file_part *part)
{
    *part = CLOSED;
    (void)snprintf(part->call_sid, sizeof part->call_sid, "%s", call_sid);
    (void)snprintf(part->name, sizeof part->name, ".%.34s.%s", call_sid, ending);
    enum result result = open_folder(config, business_id, part);
    if (result == RESULT_OK) {
        result = open_locked(part);
    }
    if (result != RESULT_OK) {
        close_part(part);
    }
    return result;
}

enum result file_part_open(const struct config *config, int64_t business_id, const char *call_sid,
                           struct file_part *part)
{
    enum result result = open_named(config, business_id, call_sid, PART_ENDING, part);
    if (result == RESULT_OK) {
        set_stamp(part, clock_wall_ns());
    }
    return result;
}

enum result file_peaks_open(const struct config *config, int64_t business_id, const char *call_sid,
                            struct file_part *part)
{
    return open_named(config, business_id, call_sid, PEAKS_ENDING, part);
}

void file_part_flush(struct file_part *part)
{
    (void)sync_file_range(part->fd, part->flushed, 0, SYNC_FILE_RANGE_WRITE);
    part->flushed = part->size;
}

enum result file_part_write(struct file_part *part, const char *bytes, size_t len)
{
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
    if (part->size - part->flushed >= FLUSH_EVERY_BYTES) {
        file_part_flush(part);
    }
    keep_stamp(part);
    return RESULT_OK;
}

enum result file_part_rewind(struct file_part *part)
{
    if (part->size > 0) {
        close(part->fd);
        enum result result = open_locked(part);
        if (result != RESULT_OK) {
            return result;
        }
    }
    part->size = part->flushed = 0;
    set_stamp(part, clock_wall_ns());
    return RESULT_OK;
}

enum result file_part_sync(struct file_part *part)
{
    return fsync(part->fd) == 0 ? RESULT_OK : failed(part);
}

static enum result name_as(struct file_part *part, const char *ending)
{
    char name[FINAL_NAME_SIZE];
    int n = snprintf(name, sizeof name, "%s.%s", part->call_sid, ending);
    if (n < 0 || (size_t)n >= sizeof name ||
        renameat(part->dir_fd, part->name, part->dir_fd, name) != 0) {
        enum result result = failed(part);
        file_part_drop(part);
        return result;
    }
    return RESULT_OK;
}

enum result file_part_name(struct file_part *part, enum audio_kind kind)
{
    return name_as(part, audio_extension(kind));
}

enum result file_part_settle(struct file_part *part)
{
    enum result result = fsync(part->dir_fd) == 0 ? RESULT_OK : failed(part);
    close_part(part);
    return result;
}

enum result file_part_finish_again(struct file_part *part, enum audio_kind kind,
                                   int64_t modified_ns)
{
    set_stamp(part, modified_ns);
    enum result result = file_part_name(part, kind);
    return result == RESULT_OK ? file_part_settle(part) : result;
}

enum result file_peaks_finish(struct file_part *part, int64_t modified_ns)
{
    set_stamp(part, modified_ns);
    enum result result = name_as(part, FILE_PEAKS_ENDING);
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

/* Hidden, named after a call, and with one of our endings: what file_part_open and file_peaks_open
 * make, and nothing else that somebody put there. */
static bool is_part_name(const char *name)
{
    char sid[SID_SIZE];
    if (name[0] != '.' || strlen(name) <= 1 + SID_LENGTH + 1 || name[1 + SID_LENGTH] != '.') {
        return false;
    }
    const char *ending = name + 1 + SID_LENGTH + 1;
    memcpy(sid, name + 1, SID_LENGTH);
    sid[SID_LENGTH] = '\0';
    return text_is_recording(sid) &&
           (strcmp(ending, PART_ENDING) == 0 || strcmp(ending, PEAKS_ENDING) == 0);
}

struct walk {
    struct magic magic;
    int64_t names_left;
    file_part_visitor *visit;
    void *context;
};

static void walk_folder(void *context, int root, const char *name, int64_t business_id)
{
    struct walk *walk = CHECKED(walk, context);
    (void)business_id;
    DIR *dir = walk->names_left > 0 ? folders_open(root, name) : NULL;
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; walk->names_left > 0 && (entry = readdir(dir)) != NULL;) {
        walk->names_left--;
        if (is_part_name(entry->d_name)) {
            walk->visit(walk->context, dirfd(dir), entry->d_name);
        }
    }
    closedir(dir);
}

bool file_each_part(const struct config *config, int64_t names_max, file_part_visitor *visit,
                    void *context)
{
    struct walk walk = {
        .magic = MAGIC(walk), .names_left = names_max, .visit = visit, .context = context};
    (void)folders_each(config, walk_folder, &walk);
    return walk.names_left > 0;
}

struct sweep {
    struct magic magic;
    int64_t age_ms;
    int64_t swept;
};

/* Removes a part file, but only while holding its lock. */
static void sweep_part(void *context, int dir_fd, const char *name)
{
    struct stat st;
    struct sweep *sweep = CHECKED(sweep, context);
    int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && still_named(fd, dir_fd, name) && fstat(fd, &st) == 0 &&
        (clock_wall() - st.st_mtime) * 1000 >= sweep->age_ms) {
        sweep->swept += unlinkat(dir_fd, name, 0) == 0;
    }
    close(fd);
}

int64_t file_sweep_parts(const struct config *config, int64_t age_ms)
{
    struct sweep sweep = {.magic = MAGIC(sweep), .age_ms = age_ms};
    (void)file_each_part(config, INT64_MAX, sweep_part, &sweep);
    return sweep.swept;
}
