#include "disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "file.h"

enum { NAMES_MAX = 1000 * 1000 };

void disk_read(const struct config *config, struct disk_facts *out)
{
    struct statvfs fs;
    *out = (struct disk_facts){.writable = file_dir_check(config, true) == RESULT_OK};
    if (statvfs(config->recordings_dir, &fs) == 0) {
        out->known = true;
        out->total = (int64_t)fs.f_blocks * (int64_t)fs.f_frsize;
        out->free = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
    }
}

bool disk_is_good(const struct disk_facts *facts)
{
    return facts->writable && (!facts->known || facts->free >= DISK_LEAST);
}

const char *disk_words(const struct disk_facts *facts)
{
    if (!facts->writable) {
        return "RECORDINGS_DIR cannot be written to";
    }
    return disk_is_good(facts) ? "ok" : "full: there is no place for the next recording";
}

static void count_part(void *context, int dir_fd, const char *name)
{
    struct disk_parts *parts = CHECKED(disk_parts, context);
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
        parts->files++;
        parts->bytes += st.st_size;
    }
}

void disk_count_parts(const struct config *config, struct disk_parts *out)
{
    *out = (struct disk_parts){.magic = MAGIC(disk_parts)};
    out->all = file_each_part(config, NAMES_MAX, count_part, out);
}
