#include "peaks_stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "peaks.h"
#include "plain_sound.h"

enum { FRAMES_AT_ONCE = 1024 };

enum state { IN_HEAD, IN_DATA, FOR_A_DECODER };

struct peaks_stream {
    enum state state;
    unsigned char head[PLAIN_WAVE_HEAD_MAX];
    size_t head_len;
    struct plain_wave wave;
    struct peaks *peaks;
    int64_t data_left;                          /* bytes of samples that may follow */
    unsigned char rest[2 * SOUND_CHANNELS_MAX]; /* of a frame that is not whole */
    size_t rest_len;
    int16_t table[PLAIN_WAVE_CODES];
};

struct peaks_stream *peaks_stream_new(void)
{
    return calloc(1, sizeof(struct peaks_stream));
}

void peaks_stream_free(struct peaks_stream *stream)
{
    if (stream != NULL) {
        peaks_free(stream->peaks);
        free(stream);
    }
}

void peaks_stream_rewind(struct peaks_stream *stream)
{
    if (stream != NULL) {
        peaks_free(stream->peaks);
        *stream = (struct peaks_stream){.state = IN_HEAD};
    }
}

/* ---- samples ---- */

/* Whole frames, at most FRAMES_AT_ONCE. */
static void add_frames(struct peaks_stream *s, const unsigned char *bytes, size_t frames)
{
    int16_t samples[FRAMES_AT_ONCE * SOUND_CHANNELS_MAX];
    plain_wave_samples(&s->wave, s->table, bytes, frames, samples);
    peaks_add(s->peaks, samples, (int64_t)frames);
}

static size_t complete_rest(struct peaks_stream *s, const unsigned char *bytes, size_t len)
{
    size_t wanted = s->wave.frame - s->rest_len, taken = len < wanted ? len : wanted;
    memcpy(s->rest + s->rest_len, bytes, taken);
    s->rest_len += taken;
    if (s->rest_len == s->wave.frame) {
        add_frames(s, s->rest, 1);
        s->rest_len = 0;
    }
    return taken;
}

static void add_samples(struct peaks_stream *s, const unsigned char *bytes, size_t len)
{
    len = (int64_t)len < s->data_left ? len : (size_t)s->data_left;
    s->data_left -= (int64_t)len;
    size_t at = s->rest_len > 0 ? complete_rest(s, bytes, len) : 0;
    while (s->wave.frame > 0 && len - at >= s->wave.frame) {
        size_t frames = (len - at) / s->wave.frame;
        frames = frames < FRAMES_AT_ONCE ? frames : FRAMES_AT_ONCE;
        add_frames(s, bytes + at, frames);
        at += frames * s->wave.frame;
    }
    memcpy(s->rest + s->rest_len, bytes + at, len - at);
    s->rest_len += len - at;
}

/* ---- the header ---- */

static void begin_samples(struct peaks_stream *s)
{
    s->peaks = peaks_new(s->wave.channels, s->wave.rate);
    s->data_left = s->wave.data_size >= 0 ? s->wave.data_size : INT64_MAX;
    s->state = s->peaks != NULL ? IN_DATA : FOR_A_DECODER;
    plain_wave_table(s->wave.coding, s->table);
}

/* Gives how many of these bytes belong to the header. */
static size_t add_head(struct peaks_stream *s, const unsigned char *bytes, size_t len)
{
    size_t before = s->head_len, room = sizeof s->head - before;
    size_t taken = len < room ? len : room;
    memcpy(s->head + before, bytes, taken);
    s->head_len += taken;
    switch (plain_wave_read(s->head, s->head_len, &s->wave)) {
    case RESULT_OK: begin_samples(s); return (size_t)s->wave.data_at - before;
    case RESULT_NOT_FOUND: return len;
    default: s->state = FOR_A_DECODER; return len;
    }
}

void peaks_stream_add(struct peaks_stream *stream, const char *bytes, size_t len)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (stream == NULL || stream->state == FOR_A_DECODER) {
        return;
    }
    size_t head = stream->state == IN_HEAD ? add_head(stream, at, len) : 0;
    if (stream->state == IN_DATA) {
        add_samples(stream, at + head, len - head);
    }
}

/* ---- the end ---- */

/* A decoder believes what the whole file shows; so must we have. */
static bool is_right(const struct peaks_stream *s, int fd, int64_t size)
{
    return plain_sound_frames(&s->wave, fd, size) == peaks_frames(s->peaks);
}

static bool is_there(const struct peaks_stream *s)
{
    return s != NULL && s->state == IN_DATA && peaks_frames(s->peaks) > 0;
}

enum result peaks_stream_print(const struct peaks_stream *stream, struct buf *out)
{
    if (!is_there(stream)) {
        return RESULT_NOT_FOUND;
    }
    peaks_print(stream->peaks, out);
    return buf_ok(out) ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result peaks_stream_finish(const struct peaks_stream *stream, int fd, int64_t size,
                                struct buf *out)
{
    return is_there(stream) && is_right(stream, fd, size) ? peaks_stream_print(stream, out)
                                                          : RESULT_NOT_FOUND;
}
