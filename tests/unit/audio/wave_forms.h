/*
 * WAV files of all plain kinds, some with headers that lie, for tests that read them in two ways.
 */
#ifndef TAPEDECK_TESTS_WAVE_FORMS_H
#define TAPEDECK_TESTS_WAVE_FORMS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 400 * 1024 };

struct made {
    unsigned char bytes[FILE_MAX];
    size_t len;
};

struct form {
    uint32_t tag, channels, rate, bits;
    size_t samples;    /* bytes of them */
    const char *extra; /* a chunk before the format, or NULL */
    uint32_t said;     /* the size in the header: 0 the true one */
    bool trailer;      /* another chunk behind */
};

/* As random as it has to be, and the same each time. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void put(struct made *made, const void *bytes, size_t len)
{
    assert_true(made->len + len <= FILE_MAX);
    memcpy(made->bytes + made->len, bytes, len);
    made->len += len;
}

static void put_number(struct made *made, uint32_t value, size_t len)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (unsigned char)(value >> (8 * i));
    }
    put(made, bytes, len);
}

static void make(const struct form *form, struct made *made)
{
    uint32_t seed = form->tag + form->channels, frame = form->channels * form->bits / 8;
    uint32_t said = form->said != 0 ? form->said : (uint32_t)form->samples;
    made->len = 0;
    put(made, "RIFF", 4);
    put_number(made, said < 0x7fffff00 ? said + 36 : said, 4);
    put(made, "WAVE", 4);
    if (form->extra != NULL) {
        put(made, "LIST", 4);
        put_number(made, (uint32_t)strlen(form->extra), 4);
        put(made, form->extra, strlen(form->extra) + strlen(form->extra) % 2);
    }
    put(made, "fmt ", 4);
    put_number(made, 16, 4);
    put_number(made, form->tag, 2);
    put_number(made, form->channels, 2);
    put_number(made, form->rate, 4);
    put_number(made, form->rate * frame, 4);
    put_number(made, frame, 2);
    put_number(made, form->bits, 2);
    put(made, "data", 4);
    put_number(made, said, 4);
    for (size_t i = 0; i < form->samples; i++) {
        put_number(made, next_random(&seed), 1);
    }
    if (form->trailer) {
        put(made, form->samples % 2 == 1 ? "\0LIST\4\0\0\0loud" : "LIST\4\0\0\0loud",
            12 + form->samples % 2);
    }
}

static int file_of(const struct made *made)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(made->bytes, 1, made->len, file), made->len);
    assert_int_equal(fflush(file), 0);
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

static const struct form PLAIN[] = {
    {1, 1, 8000, 16, 160000, NULL, 0, false},
    {1, 2, 8000, 16, 160000, NULL, 0, false},
    {1, 1, 8000, 8, 80001, NULL, 0, false},
    {1, 2, 16000, 8, 64002, NULL, 0, true},
    {7, 1, 8000, 8, 65536, NULL, 0, false},
    {7, 2, 8000, 8, 65536, NULL, 0, true},
    {6, 1, 8000, 8, 65536, NULL, 0, false},
    {6, 2, 8000, 8, 65537, NULL, 0, true},
    {1, 8, 48000, 16, 320000, "odd", 0, false},
    {1, 2, 44100, 16, 176403, "INFO", 0, true},
    {1, 1, 8000, 16, 3, NULL, 0, false},
    {1, 1, 8000, 16, 30000, NULL, 20000, false},
    {1, 1, 8000, 16, 30000, NULL, 40000, false},
    {1, 2, 8000, 16, 30001, NULL, 0xffffffff, false},
    {7, 1, 8000, 8, 30000, NULL, 0x7ffff000, false},
};

/* What is for a decoder. */
static const struct form OTHERS[] = {
    {1, 1, 8000, 24, 30000, NULL, 0, false},  {3, 1, 8000, 32, 30000, NULL, 0, false},
    {17, 1, 8000, 4, 30000, NULL, 0, false},  {0xfffe, 1, 8000, 16, 30000, NULL, 0, false},
    {1, 9, 8000, 16, 180000, NULL, 0, false}, {1, 1, 999, 16, 30000, NULL, 0, false},
    {1, 0, 8000, 16, 30000, NULL, 0, false},  {7, 1, 8000, 16, 30000, NULL, 0, false},
};

/* One of them whose header may have been damaged, and whose end may be missing. */
static void make_any(uint32_t *seed, struct made *made)
{
    struct form form = PLAIN[next_random(seed) % (sizeof PLAIN / sizeof *PLAIN)];
    form.samples = 2000 + next_random(seed) % 2000;
    make(&form, made);
    for (uint32_t n = next_random(seed) % 4; n > 0; n--) {
        made->bytes[next_random(seed) % 60] = (unsigned char)next_random(seed);
    }
    made->len -= next_random(seed) % 4 == 0 ? next_random(seed) % made->len : 0;
}

static int make_room(void **state)
{
    *state = malloc(sizeof(struct made));
    return *state != NULL ? 0 : -1;
}

static int free_room(void **state)
{
    free(*state);
    return 0;
}

#endif
