/*
 * A growable byte buffer with a ceiling.
 *
 * The bytes are always NUL-terminated after the first successful add. An add that would exceed the
 * ceiling, or that finds no memory, changes nothing and sets `failed`, which stays set. So build a
 * whole message, then check once with buf_ok.
 */
#ifndef TAPEDECK_BASE_BUF_H
#define TAPEDECK_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "magic.h"

struct buf {
    struct magic magic;
    char *data; /* owned; NULL until the first add */
    size_t len;
    size_t cap;
    size_t ceiling; /* bytes, without the NUL */
    bool failed;
};

/* An empty buffer that will never hold more than `ceiling` bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t ceiling);

/* Frees the bytes; the buffer may be used again. buf_free(NULL) is safe. */
void buf_free(struct buf *b);

/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *b);

/* Keeps the first `len` bytes, or all if there are fewer; a buffer that has failed stays so. */
void buf_cut(struct buf *b, size_t len);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_text(struct buf *b, const char *text);
void buf_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when every add since init or clear succeeded. */
bool buf_ok(const struct buf *b);

/* The content as a C string: never NULL. Valid until the next add or free. */
const char *buf_str(const struct buf *b);

#endif
