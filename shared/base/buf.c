#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "magic.h"

enum { FIRST_CAP = 64 };

/* Where to grow to: doubled, so that many small adds stay linear, but never past the ceiling. */
static size_t next_cap(const struct buf *b, size_t needed)
{
    size_t most = b->ceiling == SIZE_MAX ? SIZE_MAX : b->ceiling + 1;
    size_t cap = b->cap == 0 ? FIRST_CAP : b->cap;
    while (cap < needed && cap <= SIZE_MAX / 2) {
        cap *= 2;
    }
    return cap < needed || cap > most ? most : cap;
}

/* Room for `len` more bytes and the NUL; on false the buffer has failed and is unchanged. */
static bool reserve(struct buf *b, size_t len)
{
    if (b->failed) {
        return false;
    }
    if (len > b->ceiling - b->len || len >= SIZE_MAX - b->len) {
        b->failed = true;
        return false;
    }
    size_t needed = b->len + len + 1;
    if (needed <= b->cap) {
        return true;
    }
    size_t cap = next_cap(b, needed);
    char *data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

void buf_init(struct buf *b, size_t ceiling)
{
    *b = (struct buf){.magic = MAGIC(buf), .ceiling = ceiling};
}

void buf_free(struct buf *b)
{
    if (b == NULL) {
        return;
    }
    free(b->data);
    buf_init(b, b->ceiling);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL) {
        b->data[0] = '\0';
    }
}

void buf_cut(struct buf *b, size_t len)
{
    if (len < b->len) {
        b->len = len;
        b->data[len] = '\0';
    }
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    if (!reserve(b, len)) {
        return;
    }
    /* memcpy from NULL is undefined even for no bytes. */
    if (len > 0) {
        memcpy(b->data + b->len, bytes, len);
    }
    b->len += len;
    b->data[b->len] = '\0';
}

void buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

/* Most texts fit into what is there; the others are printed twice. */
void buf_format(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    size_t room = b->data != NULL ? b->cap - b->len : 0;
    char *end = b->data != NULL ? b->data + b->len : NULL;
    int len = vsnprintf(end, room, format, args);
    va_end(args);
    bool fits = len >= 0 && reserve(b, (size_t)len);
    if (fits && (size_t)len >= room) {
        (void)vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
    }
    va_end(again);
    if (fits) {
        b->len += (size_t)len;
    } else if (b->data != NULL) {
        b->data[b->len] = '\0';
    }
    b->failed = b->failed || len < 0;
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

const char *buf_str(const struct buf *b)
{
    return b->data == NULL ? "" : b->data;
}
