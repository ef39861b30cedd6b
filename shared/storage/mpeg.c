#include "mpeg.h"

#include <string.h>

/* The frame header's fields: 11 sync bits, 2 version, 2 layer, 1 CRC, 4 bit rate, 2 sample rate, 1
 * padding. */
enum { VERSION_1 = 3, VERSION_RESERVED = 1, LAYER_III = 1 };

size_t mpeg_frame_size(const unsigned char *head)
{
    static const int KBITS[2][15] = {
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
    };
    static const int RATES[3] = {44100, 48000, 32000};
    static const int DIVIDED_BY[4] = {4, 1, 2, 1}; /* MPEG 2.5, none, MPEG 2, MPEG 1 */
    int version = head[1] >> 3 & 3, rate = head[2] >> 2 & 3, bits = head[2] >> 4;
    if (head[0] != 0xff || (head[1] & 0xe0) != 0xe0 || version == VERSION_RESERVED ||
        (head[1] >> 1 & 3) != LAYER_III || bits == 0 || bits == 15 || rate == 3) {
        return 0;
    }
    int times = version == VERSION_1 ? 144 : 72;
    int size = times * 1000 * KBITS[version == VERSION_1][bits] * DIVIDED_BY[version] / RATES[rate];
    return (size_t)size + (head[2] >> 1 & 1);
}

/* Frames of one stream have the same version and sample rate. */
static bool is_same_stream(const unsigned char *one, const unsigned char *other)
{
    return (one[1] & 0xfe) == (other[1] & 0xfe) && (one[2] & 0x0c) == (other[2] & 0x0c);
}

static bool frames_begin_at(const unsigned char *bytes, size_t len, size_t at, bool at_end)
{
    size_t next = at;
    for (int found = 0; found < MPEG_FRAMES; found++) {
        if (next + 4 > len) {
            return at_end && found > 0 && next == len;
        }
        size_t size = mpeg_frame_size(bytes + next);
        if (size == 0 || !is_same_stream(bytes + at, bytes + next)) {
            return false;
        }
        next += size;
    }
    return true;
}

int64_t mpeg_find(const unsigned char *bytes, size_t len, bool at_end)
{
    for (size_t at = 0; at + 4 <= len; at++) {
        const unsigned char *sync = memchr(bytes + at, 0xff, len - at - 3);
        if (sync == NULL) {
            return -1;
        }
        at = (size_t)(sync - bytes);
        if (frames_begin_at(bytes, len, at, at_end)) {
            return (int64_t)at;
        }
    }
    return -1;
}

/* Seven bits a byte, so that no size looks like a frame. */
static int64_t id3_size(const unsigned char *head)
{
    enum { HAS_FOOTER = 0x10, HEAD = 10 };
    int64_t size = 0;
    for (int i = 6; i < HEAD; i++) {
        if (head[i] > 0x7f) {
            return 0;
        }
        size = size << 7 | head[i];
    }
    return size + HEAD + ((head[5] & HAS_FOOTER) != 0 ? HEAD : 0);
}

int64_t mpeg_tag_size(const unsigned char *head)
{
    if (memcmp(head, "ID3", 3) == 0 && head[3] != 0xff && head[4] != 0xff) {
        return id3_size(head);
    }
    if (memcmp(head, "APETAGEX", 8) == 0) {
        uint32_t size = (uint32_t)head[12] | (uint32_t)head[13] << 8 | (uint32_t)head[14] << 16 |
                        (uint32_t)head[15] << 24; /* of all but this head */
        return MPEG_TAG_HEAD + (int64_t)size;
    }
    return 0;
}
