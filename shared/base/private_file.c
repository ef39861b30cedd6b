#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

static bool is_private(const struct stat *st)
{
    return S_ISREG(st->st_mode) && (st->st_mode & 077) == 0 &&
           (st->st_uid == geteuid() || st->st_uid == 0);
}

enum result private_file_open(const char *path, int *fd, struct stat *st)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_DENIED;
    }
    if (fstat(*fd, st) != 0 || !is_private(st)) {
        close(*fd);
        *fd = -1;
        return RESULT_DENIED;
    }
    return RESULT_OK;
}
