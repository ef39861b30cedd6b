#include "audio.h"

#include <string.h>

/* The frame header's fields: 11 sync bits, 2 version, 2 layer, 1 CRC, 4 bit rate, 2 sample rate. */
static int is_mpeg_layer3(const unsigned char *head)
{
    int version = head[1] >> 3 & 3;
    int layer = head[1] >> 1 & 3;
    int bit_rate = head[2] >> 4;
    int sample_rate = head[2] >> 2 & 3;
    return head[0] == 0xff && (head[1] & 0xe0) == 0xe0 && version != 1 && layer == 1 &&
           bit_rate != 0 && bit_rate != 15 && sample_rate != 3;
}

enum audio_kind audio_kind_of(const unsigned char *head, size_t len)
{
    if (len < AUDIO_HEAD_SIZE) {
        return AUDIO_UNKNOWN;
    }
    if (memcmp(head, "RIFF", 4) == 0 && memcmp(head + 8, "WAVE", 4) == 0) {
        return AUDIO_WAV;
    }
    if (memcmp(head, "ID3", 3) == 0 || is_mpeg_layer3(head)) {
        return AUDIO_MP3;
    }
    return AUDIO_UNKNOWN;
}

int64_t audio_riff_size(const unsigned char *head, size_t len)
{
    if (audio_kind_of(head, len) != AUDIO_WAV) {
        return -1;
    }
    uint32_t size = (uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 |
                    (uint32_t)head[7] << 24;
    return size == 0 || size >= 0x7fffff00 ? -1 : (int64_t)size + 8;
}

const char *audio_extension(enum audio_kind kind)
{
    return kind == AUDIO_WAV ? "wav" : "mp3";
}

const char *audio_content_type(enum audio_kind kind)
{
    return kind == AUDIO_WAV ? "audio/wav" : "audio/mpeg";
}
