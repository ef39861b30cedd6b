#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

enum result folders_each(const struct config *config, folders_visitor *visit, void *context)
{
    DIR *root = opendir(config->recordings_dir);
    if (root == NULL) {
        return RESULT_FAILED;
    }
    for (const struct dirent *entry; (entry = readdir(root)) != NULL;) {
        int64_t business_id;
        if (text_int(entry->d_name, 1, INT64_MAX, &business_id)) {
            visit(context, dirfd(root), entry->d_name, business_id);
        }
    }
    closedir(root);
    return RESULT_OK;
}

int folders_open_business(const struct config *config, int64_t business_id, int flags, char *path)
{
    int n = snprintf(path, PATH_MAX, "%s/%lld", config->recordings_dir, (long long)business_id);
    if (n < 0 || n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

DIR *folders_open(int root, const char *name)
{
    int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0) {
        close(fd);
    }
    return dir;
}
