#include "read_at.h"

#include <errno.h>
#include <unistd.h>

size_t read_at(int fd, int64_t offset, unsigned char *out, size_t len)
{
    size_t got = 0;
    while (got < len) {
        ssize_t n = pread(fd, out + got, len - got, offset + (int64_t)got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        got += (size_t)n;
    }
    return got;
}
