#include "sound.h"

#include <sndfile.h>
#include <stdlib.h>

_Static_assert(sizeof(short) == sizeof(int16_t), "libsndfile's short is 16 bits");

struct sound {
    SNDFILE *file;
    SF_INFO info;
};

/* libsndfile knows many formats; only those that we store are read. */
static int is_ours(const SF_INFO *info)
{
    int type = info->format & SF_FORMAT_TYPEMASK;
    return (type == SF_FORMAT_WAV || type == SF_FORMAT_WAVEX || type == SF_FORMAT_MPEG) &&
           info->channels >= 1 && info->channels <= SOUND_CHANNELS_MAX &&
           info->samplerate >= SOUND_RATE_MIN && info->samplerate <= SOUND_RATE_MAX;
}

enum result sound_open(int fd, struct sound **out)
{
    struct sound *sound = calloc(1, sizeof *sound);
    if (sound == NULL) {
        return RESULT_FAILED;
    }
    sound->file = sf_open_fd(fd, SFM_READ, &sound->info, SF_FALSE);
    if (sound->file == NULL || !is_ours(&sound->info)) {
        sound_close(sound);
        return RESULT_INVALID;
    }
    *out = sound;
    return RESULT_OK;
}

void sound_close(struct sound *sound)
{
    if (sound == NULL) {
        return;
    }
    if (sound->file != NULL) {
        sf_close(sound->file);
    }
    free(sound);
}

int sound_channels(const struct sound *sound)
{
    return sound->info.channels;
}

int sound_rate(const struct sound *sound)
{
    return sound->info.samplerate;
}

int64_t sound_read(struct sound *sound, int16_t *samples, int64_t count)
{
    sf_count_t n = sf_readf_short(sound->file, samples, count);
    return n > 0 ? n : 0;
}
