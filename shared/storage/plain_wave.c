#include "plain_wave.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "wave.h"

enum { RIFF_HEAD = 12, CHUNK_HEAD = 8, FORMAT_BODY = 16 };

static uint32_t number(const unsigned char *bytes, size_t len)
{
    uint32_t value = 0;
    for (size_t i = len; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

/* The format tags of mmreg.h. */
static bool read_coding(uint32_t tag, uint32_t bits, enum plain_coding *coding)
{
    static const struct {
        uint32_t tag, bits;
        enum plain_coding coding;
    } KNOWN[] = {
        {1, 16, CODING_PCM16}, {1, 8, CODING_PCM8}, {7, 8, CODING_MULAW}, {6, 8, CODING_ALAW}};
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
        if (KNOWN[i].tag == tag && KNOWN[i].bits == bits) {
            *coding = KNOWN[i].coding;
            return true;
        }
    }
    return false;
}

/* `len` bytes of the chunk's body are here. */
static enum result read_format(const unsigned char *body, uint32_t size, size_t len,
                               struct plain_wave *out)
{
    if (size < FORMAT_BODY || out->frame != 0) {
        return RESULT_INVALID;
    }
    if (len < FORMAT_BODY) {
        return RESULT_NOT_FOUND;
    }
    uint32_t channels = number(body + 2, 2), rate = number(body + 4, 4);
    bool good = read_coding(number(body, 2), number(body + 14, 2), &out->coding) && channels >= 1 &&
                channels <= SOUND_CHANNELS_MAX && rate >= SOUND_RATE_MIN && rate <= SOUND_RATE_MAX;
    out->channels = (int)channels;
    out->rate = (int)rate;
    out->frame = channels * (out->coding == CODING_PCM16 ? 2 : 1);
    return good && number(body + 12, 2) == out->frame ? RESULT_OK : RESULT_INVALID;
}

enum result plain_wave_read(const unsigned char *head, size_t len, struct plain_wave *out)
{
    *out = (struct plain_wave){.frame = 0};
    if (len < WAVE_HEAD) {
        return RESULT_NOT_FOUND;
    }
    if (wave_form_of(head) != WAVE_RIFF) {
        return RESULT_INVALID;
    }
    for (size_t at = RIFF_HEAD; at + CHUNK_HEAD <= len;) {
        const unsigned char *chunk = head + at, *body = chunk + CHUNK_HEAD;
        uint32_t size = number(chunk + 4, 4);
        if (memcmp(chunk, "data", 4) == 0) {
            out->data_at = (int64_t)at + CHUNK_HEAD;
            out->data_size = size == 0 || size >= WAVE_UNKNOWN_FROM ? -1 : (int64_t)size;
            return out->frame != 0 ? RESULT_OK : RESULT_INVALID;
        }
        if (size > PLAIN_WAVE_HEAD_MAX) {
            return RESULT_INVALID;
        }
        if (memcmp(chunk, "fmt ", 4) == 0) {
            enum result result = read_format(body, size, len - at - CHUNK_HEAD, out);
            if (result != RESULT_OK) {
                return result;
            }
        }
        at += CHUNK_HEAD + size + size % 2;
    }
    return len < PLAIN_WAVE_HEAD_MAX ? RESULT_NOT_FOUND : RESULT_INVALID;
}

/* ---- what bytes stand for ---- */

static int from_mulaw(int code)
{
    int inverse = ~code & 0xff;
    int size = ((inverse & 0x0f) << 3) + 0x84;
    size <<= (inverse & 0x70) >> 4;
    return (inverse & 0x80) != 0 ? 0x84 - size : size - 0x84;
}

static int from_alaw(int code)
{
    int even = code ^ 0x55, segment = (even & 0x70) >> 4;
    int size = ((even & 0x0f) << 4) + (segment == 0 ? 8 : 0x108);
    size <<= segment > 1 ? segment - 1 : 0;
    return (even & 0x80) != 0 ? size : -size;
}

void plain_wave_table(enum plain_coding coding, int16_t table[PLAIN_WAVE_CODES])
{
    for (int code = 0; code < PLAIN_WAVE_CODES; code++) {
        int value = coding == CODING_MULAW  ? from_mulaw(code)
                    : coding == CODING_ALAW ? from_alaw(code)
                                            : (code - 128) * 256;
        table[code] = (int16_t)value;
    }
}

void plain_wave_samples(const struct plain_wave *wave, const int16_t table[PLAIN_WAVE_CODES],
                        const unsigned char *bytes, size_t frames, int16_t *samples)
{
    size_t count = frames * (size_t)wave->channels;
    if (wave->coding == CODING_PCM16 && le16toh(1) == 1) {
        memcpy(samples, bytes, count * sizeof *samples);
        return;
    }
    for (size_t i = 0; i < count && wave->coding == CODING_PCM16; i++) {
        samples[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
    for (size_t i = 0; i < count && wave->coding != CODING_PCM16; i++) {
        samples[i] = table[bytes[i]];
    }
}
