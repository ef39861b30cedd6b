#include "plain_sound.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/read_at.h"
#include "storage/wave.h"

enum { BYTES_AT_ONCE = 64 * 1024 };

struct plain_sound {
    int fd;
    struct plain_wave wave;
    int16_t table[PLAIN_WAVE_CODES];
    int64_t frames, at; /* of the file; those that were read from it */
    size_t held, taken; /* frames in `bytes`; those that were given */
    unsigned char bytes[BYTES_AT_ONCE];
};

/* ---- the file ---- */

int64_t plain_sound_frames(const struct plain_wave *wave, int fd, int64_t size)
{
    struct wave_facts facts = wave_look(fd, WAVE_RIFF, size, true);
    int64_t frame = (int64_t)wave->frame, there = size - wave->data_at;
    int64_t found = facts.data_size >= 0 ? facts.data_size : size - facts.data_at;
    int64_t said = wave->data_size >= 0 && wave->data_size < there ? wave->data_size : there;
    bool same = facts.samples && facts.data_at == wave->data_at && found / frame == said / frame;
    return same ? found / frame : -1;
}

static bool look(struct plain_sound *sound)
{
    struct stat st;
    size_t len = read_at(sound->fd, 0, sound->bytes, PLAIN_WAVE_HEAD_MAX);
    if (fstat(sound->fd, &st) != 0 ||
        plain_wave_read(sound->bytes, len, &sound->wave) != RESULT_OK) {
        return false;
    }
    sound->frames = plain_sound_frames(&sound->wave, sound->fd, st.st_size);
    plain_wave_table(sound->wave.coding, sound->table);
    return sound->frames > 0;
}

enum result plain_sound_open(int fd, struct plain_sound **out)
{
    struct plain_sound *sound = calloc(1, sizeof *sound);
    if (sound == NULL) {
        return RESULT_FAILED;
    }
    sound->fd = fd;
    if (!look(sound)) {
        free(sound);
        return RESULT_INVALID;
    }
    *out = sound;
    return RESULT_OK;
}

void plain_sound_close(struct plain_sound *sound)
{
    if (sound != NULL) {
        close(sound->fd);
        free(sound);
    }
}

int plain_sound_channels(const struct plain_sound *sound)
{
    return sound->wave.channels;
}

int plain_sound_rate(const struct plain_sound *sound)
{
    return sound->wave.rate;
}

/* ---- its samples ---- */

/* True while there is something to give. */
static bool fill(struct plain_sound *sound)
{
    size_t frame = sound->wave.frame, room = sizeof sound->bytes / frame;
    int64_t left = sound->frames - sound->at;
    if (sound->taken < sound->held) {
        return true;
    }
    size_t wanted = left < (int64_t)room ? (size_t)left : room;
    int64_t from = sound->wave.data_at + sound->at * (int64_t)frame;
    sound->held = read_at(sound->fd, from, sound->bytes, wanted * frame) / frame;
    sound->at += (int64_t)sound->held;
    sound->taken = 0;
    return sound->held > 0;
}

int64_t plain_sound_read(struct plain_sound *sound, int16_t *samples, int64_t count)
{
    int64_t given = 0;
    while (given < count && fill(sound)) {
        size_t here = sound->held - sound->taken, wanted = (size_t)(count - given);
        size_t n = here < wanted ? here : wanted;
        plain_wave_samples(&sound->wave, sound->table,
                           sound->bytes + sound->taken * sound->wave.frame, n,
                           samples + given * sound->wave.channels);
        sound->taken += n;
        given += (int64_t)n;
    }
    return given;
}

void plain_sound_rewind(struct plain_sound *sound)
{
    sound->at = 0;
    sound->held = sound->taken = 0;
}
