#include "wave_cut.h"

#include <string.h>

enum { MS_PER_S = 1000, PCM_HEAD = 44, PCM_FORMAT = 16, CODED_FORMAT = 18 };

static const int64_t LENGTH_MAX = INT32_MAX - WAVE_CUT_HEAD_MAX;

static void put(unsigned char *at, uint32_t number, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = (unsigned char)(number >> 8 * i);
    }
}

static void put_chunk(unsigned char *at, const char *name, uint32_t size)
{
    memcpy(at, name, 4);
    put(at + 4, size, 4);
}

/* What is not PCM has a longer format and says how many frames there are (mmreg.h). */
static void write_head(const struct plain_wave *wave, struct wave_cut *out)
{
    static const struct {
        uint32_t tag, bits;
    } TAGS[] = {[CODING_PCM16] = {1, 16},
                [CODING_PCM8] = {1, 8},
                [CODING_MULAW] = {7, 8},
                [CODING_ALAW] = {6, 8}};
    static const char WAVE[] = {'W', 'A', 'V', 'E'};
    bool coded = TAGS[wave->coding].tag != 1;
    unsigned char *at = out->head;
    uint32_t frame = (uint32_t)wave->frame, rate = (uint32_t)wave->rate;
    out->head_len = coded ? WAVE_CUT_HEAD_MAX : PCM_HEAD;
    put_chunk(at, "RIFF", (uint32_t)(out->length + (int64_t)out->head_len - 8));
    memcpy(at + 8, WAVE, sizeof WAVE);
    put_chunk(at + 12, "fmt ", coded ? CODED_FORMAT : PCM_FORMAT);
    put(at + 20, TAGS[wave->coding].tag, 2);
    put(at + 22, (uint32_t)wave->channels, 2);
    put(at + 24, rate, 4);
    put(at + 28, rate * frame, 4);
    put(at + 32, frame, 2);
    put(at + 34, TAGS[wave->coding].bits, 2);
    at += PCM_HEAD - 8;
    if (coded) {
        put(at, 0, 2);
        put_chunk(at + 2, "fact", 4);
        put(at + 10, (uint32_t)(out->length / frame), 4);
        at += 14;
    }
    put_chunk(at, "data", (uint32_t)out->length);
}

/* Where a moment's frame begins, in bytes of samples; `end` where that is behind them. */
static int64_t place(const struct plain_wave *wave, int64_t ms, int64_t end)
{
    int64_t last = end / (int64_t)wave->frame;
    if (ms / MS_PER_S >= last / wave->rate + 1) {
        return last * (int64_t)wave->frame;
    }
    int64_t frames = ms * wave->rate / MS_PER_S;
    return (frames < last ? frames : last) * (int64_t)wave->frame;
}

enum result wave_cut(const struct plain_wave *wave, int64_t size, int64_t from_ms, int64_t to_ms,
                     struct wave_cut *out)
{
    int64_t there = size - wave->data_at;
    int64_t samples = wave->data_size >= 0 && wave->data_size < there ? wave->data_size : there;
    if (samples <= 0) {
        return RESULT_INVALID;
    }
    int64_t from = place(wave, from_ms, samples);
    int64_t to = to_ms < 0 ? samples : place(wave, to_ms, samples);
    int64_t length = to - from;
    length -=
        length % (2 * (int64_t)wave->frame); /* a chunk of an odd size would need a byte more */
    if (length <= 0 || length > LENGTH_MAX) {
        return RESULT_INVALID;
    }
    *out = (struct wave_cut){.from = wave->data_at + from, .length = length};
    write_head(wave, out);
    return RESULT_OK;
}
