#include "disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/text.h"
#include "file.h"
#include "folders.h"

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

static bool is_part(const char *name)
{
    static const char ENDING[] = ".part";
    size_t len = strlen(name);
    return name[0] == '.' && len > sizeof ENDING &&
           strcmp(name + len - (sizeof ENDING - 1), ENDING) == 0;
}

/* One business's folder; `left` is how many names may still be looked at. */
static void count_folder(int root, const char *name, int64_t *left, struct disk_parts *out)
{
    struct stat st;
    DIR *dir = folders_open(root, name);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; *left > 0 && (entry = readdir(dir)) != NULL; (*left)--) {
        if (is_part(entry->d_name) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            out->files++;
            out->bytes += st.st_size;
        }
    }
    closedir(dir);
}

void disk_count_parts(const struct config *config, struct disk_parts *out)
{
    int64_t left = NAMES_MAX, business;
    *out = (struct disk_parts){.all = true};
    DIR *root = opendir(config->recordings_dir);
    if (root == NULL) {
        return;
    }
    for (const struct dirent *entry; left > 0 && (entry = readdir(root)) != NULL; left--) {
        if (text_int(entry->d_name, 1, INT64_MAX, &business)) {
            count_folder(dirfd(root), entry->d_name, &left, out);
        }
    }
    out->all = left > 0;
    closedir(root);
}
