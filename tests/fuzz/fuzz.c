#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where broken promises are told: what is logged meanwhile goes nowhere (-close_fd_mask=2). */
static int complaints = STDERR_FILENO;

__attribute__((constructor)) static void keep_stderr(void)
{
    complaints = dup(STDERR_FILENO);
}

_Noreturn void fuzz_broken(const char *promise, const char *file, int line)
{
    (void)dprintf(complaints, "%s:%d: broken promise: %s\n", file, line, promise);
    abort();
}

void fuzz_begin(struct fuzz *fuzz, const uint8_t *data, size_t size)
{
    *fuzz = (struct fuzz){.at = data, .left = size};
}

void fuzz_end(struct fuzz *fuzz)
{
    for (size_t i = 0; i < fuzz->count; i++) {
        free(fuzz->pieces[i]);
    }
    fuzz->count = 0;
}

static char *keep(struct fuzz *fuzz, size_t size)
{
    char *piece = malloc(size);
    if (piece == NULL || fuzz->count == FUZZ_PIECES_MAX) {
        abort();
    }
    fuzz->pieces[fuzz->count++] = piece;
    return piece;
}

/* Cuts off the next `len` bytes as text. */
static const char *cut(struct fuzz *fuzz, size_t len)
{
    size_t text = 0;
    while (text < len && fuzz->at[text] != '\0') {
        text++;
    }
    char *piece = keep(fuzz, text + 1);
    if (text > 0) {
        memcpy(piece, fuzz->at, text);
    }
    piece[text] = '\0';
    fuzz->at += len;
    fuzz->left -= len;
    return piece;
}

unsigned fuzz_byte(struct fuzz *fuzz)
{
    if (fuzz->left == 0) {
        return 0;
    }
    fuzz->left--;
    return *fuzz->at++;
}

const char *fuzz_line(struct fuzz *fuzz)
{
    const uint8_t *end = fuzz->left > 0 ? memchr(fuzz->at, '\n', fuzz->left) : NULL;
    const char *line = cut(fuzz, end != NULL ? (size_t)(end - fuzz->at) : fuzz->left);
    if (fuzz->left > 0) {
        fuzz->at++;
        fuzz->left--;
    }
    return line;
}

const char *fuzz_line_or_null(struct fuzz *fuzz)
{
    const char *line = fuzz_line(fuzz);
    return line[0] != '\0' ? line : NULL;
}

const char *fuzz_rest_text(struct fuzz *fuzz)
{
    return cut(fuzz, fuzz->left);
}

const char *fuzz_rest_bytes(struct fuzz *fuzz, size_t *len)
{
    *len = fuzz->left;
    char *piece = keep(fuzz, fuzz->left > 0 ? fuzz->left : 1);
    if (fuzz->left > 0) {
        memcpy(piece, fuzz->at, fuzz->left);
    }
    fuzz->at += fuzz->left;
    fuzz->left = 0;
    return piece;
}
