#include "wav.h"

#include <string.h>

/* What does not differ: PCM, one channel, 16 bits; the numbers between are put in. */
static const unsigned char HEAD[WAV_HEAD_SIZE] = {
    'R', 'I', 'F', 'F', 0, 0, 0, 0, 'W', 'A', 'V', 'E', 'f', 'm', 't', ' ', 16,  0,   0, 0, 1, 0,
    1,   0,   0,   0,   0, 0, 0, 0, 0,   0,   2,   0,   16,  0,   'd', 'a', 't', 'a', 0, 0, 0, 0,
};

static void put(unsigned char *out, int64_t number)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (unsigned char)(number >> (8 * i) & 0xff);
    }
}

void wav_head(int rate, int64_t frames, unsigned char *out)
{
    int64_t bytes = frames * WAV_SAMPLE_BYTES;
    memcpy(out, HEAD, sizeof HEAD);
    put(out + 4, WAV_HEAD_SIZE - 8 + bytes);
    put(out + 24, rate);
    put(out + 28, (int64_t)rate * WAV_SAMPLE_BYTES);
    put(out + 40, bytes);
}
