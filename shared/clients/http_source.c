#include "http_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"

struct http_source {
    struct magic magic;
    unsigned char head[HTTP_HEAD_MAX];
    size_t head_len;
    struct http_file file;
    int64_t at; /* head and all */
    int64_t *read_at_ms;
};

struct http_source *http_source_new(const void *head, size_t head_len, const struct http_file *file,
                                    int64_t *read_at_ms)
{
    struct http_source *source = head_len <= HTTP_HEAD_MAX ? calloc(1, sizeof *source) : NULL;
    if (source == NULL) {
        return NULL;
    }
    source->magic = MAGIC(http_source);
    if (head_len > 0) {
        memcpy(source->head, head, head_len);
    }
    source->head_len = head_len;
    source->file = *file;
    source->file.fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    source->read_at_ms = read_at_ms;
    if (source->file.fd < 0) {
        http_source_free(source);
        return NULL;
    }
    return source;
}

void http_source_free(struct http_source *source)
{
    if (source != NULL && source->file.fd >= 0) {
        close(source->file.fd);
    }
    free(source);
}

int64_t http_source_length(const struct http_source *source)
{
    return (int64_t)source->head_len + source->file.length;
}

bool http_source_read(struct http_source *source, char *out, size_t room, size_t *got)
{
    int64_t head = (int64_t)source->head_len, left = http_source_length(source) - source->at;
    *source->read_at_ms = clock_monotonic_ms();
    if (source->at < head) {
        *got = (size_t)(head - source->at) < room ? (size_t)(head - source->at) : room;
        memcpy(out, source->head + source->at, *got);
        source->at += (int64_t)*got;
        return true;
    }
    room = left < (int64_t)room ? (size_t)left : room;
    ssize_t n = 0;
    if (room > 0) {
        n = pread(source->file.fd, out, room, source->file.offset + source->at - head);
    }
    if (n < 0 || (n == 0 && room > 0)) {
        return false;
    }
    source->at += n;
    *got = (size_t)n;
    return true;
}

bool http_source_seek(struct http_source *source, int64_t offset)
{
    if (offset < 0 || offset > http_source_length(source)) {
        return false;
    }
    source->at = offset;
    return true;
}
