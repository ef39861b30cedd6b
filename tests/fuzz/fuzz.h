/*
 * What the fuzzing harnesses share: how an input is cut into the pieces that a parser takes, and
 * how a broken promise ends the program.
 *
 * Each piece is an allocation of its own, without a byte to spare, so that reading past its end is
 * seen. Inputs are lines where several texts are needed: they are easy to write by hand.
 */
#ifndef TAPEDECK_TESTS_FUZZ_H
#define TAPEDECK_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libFuzzer's entry points. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { FUZZ_PIECES_MAX = 24 };

struct fuzz {
    const uint8_t *at;
    size_t left;
    char *pieces[FUZZ_PIECES_MAX]; /* owned */
    size_t count;
};

/* Aborts, saying what was promised and where. */
#define REQUIRE(promise)                                                                           \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fuzz_broken(#promise, __FILE__, __LINE__);                                             \
        }                                                                                          \
    } while (false)
_Noreturn void fuzz_broken(const char *promise, const char *file, int line);

void fuzz_begin(struct fuzz *fuzz, const uint8_t *data, size_t size);
void fuzz_end(struct fuzz *fuzz);

/* The next byte, 0 at the end. */
unsigned fuzz_byte(struct fuzz *fuzz);

/* The next line as a C string, "" at the end. A NUL ends it early, as it would a header's value. */
const char *fuzz_line(struct fuzz *fuzz);

/* The same, but NULL for an empty one: a header that did not come. */
const char *fuzz_line_or_null(struct fuzz *fuzz);

/* All that is left: `len` bytes, with a NUL behind them, or without. */
const char *fuzz_rest_text(struct fuzz *fuzz);
const char *fuzz_rest_bytes(struct fuzz *fuzz, size_t *len);

#endif
