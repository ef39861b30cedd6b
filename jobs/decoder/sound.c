#include "sound.h"

#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/peaks.h"
#include "base/magic.h"
#include "base/read_at.h"
#include "storage/audio.h"
#include "storage/wave.h"

_Static_assert(sizeof(short) == sizeof(int16_t), "libsndfile's short is 16 bits");

struct sound {
    struct magic magic;
    SNDFILE *file;
    SF_INFO info;
    int fd;
    int64_t start, size; /* what libsndfile sees begins at `start`; the descriptor's place is its */
    struct wave_patch patches[WAVE_PATCHES];
    size_t patch_count;
};

/* ---- the file as libsndfile sees it ---- */

static sf_count_t view_length(void *context)
{
    const struct sound *sound = CHECKED(sound, context);
    return sound->size - sound->start;
}

static sf_count_t view_tell(void *context)
{
    const struct sound *sound = CHECKED(sound, context);
    return lseek(sound->fd, 0, SEEK_CUR) - sound->start;
}

static sf_count_t view_seek(sf_count_t offset, int whence, void *context)
{
    struct sound *sound = CHECKED(sound, context);
    int64_t from = whence == SEEK_CUR   ? view_tell(sound)
                   : whence == SEEK_END ? sound->size - sound->start
                                        : 0;
    if (offset < -from || offset > INT64_MAX / 2 - from) {
        return -1;
    }
    return lseek(sound->fd, sound->start + from + offset, SEEK_SET) < 0 ? -1 : from + offset;
}

/* Puts what of the patch lies within these bytes, which are the file's from `at` on. */
static void apply(const struct wave_patch *patch, unsigned char *bytes, int64_t at, size_t len)
{
    for (size_t i = 0; i < patch->len; i++) {
        int64_t place = patch->at + (int64_t)i - at;
        if (place >= 0 && place < (int64_t)len) {
            bytes[place] = patch->bytes[i];
        }
    }
}

static sf_count_t view_read(void *out, sf_count_t count, void *context)
{
    struct sound *sound = CHECKED(sound, context);
    int64_t at = lseek(sound->fd, 0, SEEK_CUR), left = sound->size - at;
    size_t len = count < left ? (size_t)count : (size_t)left;
    unsigned char *bytes = count > 0 && left > 0 ? malloc(len) : NULL;
    if (bytes == NULL) {
        return 0;
    }
    size_t got = read_at(sound->fd, at, bytes, len);
    for (size_t i = 0; i < sound->patch_count; i++) {
        apply(&sound->patches[i], bytes, at, got);
    }
    memcpy(out, bytes, got);
    free(bytes);
    return lseek(sound->fd, at + (int64_t)got, SEEK_SET) < 0 ? 0 : (sf_count_t)got;
}

/* libsndfile takes the sizes in a header at their word, and begins where the file does. */
static bool make_view(struct sound *sound)
{
    struct stat st;
    struct audio_facts facts;
    unsigned char head[WAVE_HEAD] = "";
    if (fstat(sound->fd, &st) != 0 ||
        audio_look(sound->fd, st.st_size, true, &facts) != AUDIO_GOOD) {
        return false;
    }
    sound->size = st.st_size;
    sound->start = facts.start;
    (void)read_at(sound->fd, 0, head, sizeof head);
    enum wave_form form = facts.start == 0 ? wave_form_of(head) : WAVE_NONE;
    if (form != WAVE_NONE) {
        struct wave_facts wave = wave_look(sound->fd, form, sound->size, true);
        sound->patch_count = wave_patches(&wave, sound->size, sound->patches);
    }
    return lseek(sound->fd, sound->start, SEEK_SET) >= 0;
}

/* ---- sound ---- */

/* libsndfile knows many formats; only those that we store are read. */
static bool is_ours(const SF_INFO *info)
{
    static const int TYPES[] = {SF_FORMAT_WAV,  SF_FORMAT_WAVEX, SF_FORMAT_RF64, SF_FORMAT_W64,
                                SF_FORMAT_MPEG, SF_FORMAT_FLAC,  SF_FORMAT_OGG};
    int type = info->format & SF_FORMAT_TYPEMASK;
    bool known = false;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        known = known || type == TYPES[i];
    }
    return known && info->channels >= 1 && info->channels <= SOUND_CHANNELS_MAX &&
           info->samplerate >= SOUND_RATE_MIN && info->samplerate <= SOUND_RATE_MAX;
}

enum result sound_open(int fd, struct sound **out)
{
    SF_VIRTUAL_IO view = {.get_filelen = view_length,
                          .seek = view_seek,
                          .read = view_read,
                          .tell = view_tell}; /* which is copied */
    struct sound *sound = calloc(1, sizeof *sound);
    if (sound == NULL) {
        return RESULT_FAILED;
    }
    sound->magic = MAGIC(sound);
    sound->fd = fd;
    if (make_view(sound)) {
        sound->file = sf_open_virtual(&view, SFM_READ, &sound->info, sound);
    }
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
