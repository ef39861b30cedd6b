/*
 * The chunks of a WAV file and of its relatives, as far as its samples (Microsoft and IBM,
 * "Multimedia Programming Interface and Data Specifications 1.0"; EBU Tech 3306 for RF64, ITU-R
 * BS.2088 for BW64; Sonic Foundry's "Wave64" for W64).
 */
#ifndef TAPEDECK_STORAGE_WAVE_H
#define TAPEDECK_STORAGE_WAVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wave_form { WAVE_NONE, WAVE_RIFF, WAVE_RIFX, WAVE_RF64, WAVE_W64 };

/* A stream's writer does not know how long it will be: sox, ffmpeg and others write 0, all ones, or
 * numbers from WAVE_UNKNOWN_FROM on, a little below 2 GiB. */
enum { WAVE_HEAD = 40, WAVE_PATCHES = 3, WAVE_PATCH_MAX = 8, WAVE_UNKNOWN_FROM = 0x7ffff000 };

struct wave_facts {
    enum wave_form form;
    int64_t said;      /* the whole file's size by its header; -1: it does not say */
    int64_t data_at;   /* where the samples begin; -1: no chunk of samples was found */
    int64_t data_size; /* by its header; -1: it does not say, or says more than there is */
    int64_t ds64_at;   /* where 64-bit sizes are, in RF64; -1: there are none */
    bool samples;      /* there is something behind the header, and it is no other chunk */
};

/* Which of them begins with these WAVE_HEAD bytes. */
enum wave_form wave_form_of(const unsigned char *head);

/* The whole file's size as those bytes of a RIFF file say; -1: they do not. */
int64_t wave_riff_size(const unsigned char *head);

/* Follows the chunks of such a file. */
struct wave_facts wave_look(int fd, enum wave_form form, int64_t size, bool whole);

/* Bytes to put in the place of others, for a decoder that takes sizes at their word. */
struct wave_patch {
    int64_t at;
    size_t len;
    unsigned char bytes[WAVE_PATCH_MAX];
};

/* What to change so that the header of a whole file announces the samples that are there; gives how
 * many, 0 when it does already. */
size_t wave_patches(const struct wave_facts *facts, int64_t size, struct wave_patch *out);

#endif
