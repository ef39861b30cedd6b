/* WAV or MPEG, by the first bytes and no others. */
#include <string.h>

#include "fuzz.h"
#include "storage/audio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    size_t len;
    fuzz_begin(&fuzz, data, size);
    const unsigned char *head = (const unsigned char *)fuzz_rest_bytes(&fuzz, &len);
    enum audio_kind kind = audio_kind_of(head, len);
    int64_t riff = audio_riff_size(head, len);
    if (len < AUDIO_HEAD_SIZE) {
        REQUIRE(kind == AUDIO_UNKNOWN);
    } else {
        REQUIRE(kind == audio_kind_of(head, AUDIO_HEAD_SIZE));
        REQUIRE(riff == audio_riff_size(head, AUDIO_HEAD_SIZE));
    }
    bool is_riff = len >= AUDIO_HEAD_SIZE && memcmp(head, "RIFF", 4) == 0;
    bool is_wave = is_riff && memcmp(head + 8, "WAVE", 4) == 0;
    REQUIRE((kind == AUDIO_WAV) == is_wave);
    REQUIRE(kind != AUDIO_MP3 || head[0] == 0xff || memcmp(head, "ID3", 3) == 0);
    REQUIRE(riff == -1 || (kind == AUDIO_WAV && riff > 8 && riff <= INT64_C(0x80000000)));
    fuzz_end(&fuzz);
    return 0;
}
