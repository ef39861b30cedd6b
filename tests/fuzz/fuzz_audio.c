/* What a file's bytes are: the same answer for the same bytes, and a header that is put right
 * announces what is there. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "storage/audio.h"
#include "storage/wave.h"

static void check_header(int fd, enum wave_form form, int64_t size)
{
    struct wave_patch patches[WAVE_PATCHES];
    struct wave_facts facts = wave_look(fd, form, size, true);
    size_t count = wave_patches(&facts, size, patches);
    REQUIRE(count <= WAVE_PATCHES);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(patches[i].at >= 0 && patches[i].len <= WAVE_PATCH_MAX);
        REQUIRE(patches[i].at + (int64_t)patches[i].len <= size);
        ssize_t n = pwrite(fd, patches[i].bytes, patches[i].len, patches[i].at);
        REQUIRE(n == (ssize_t)patches[i].len);
    }
    struct wave_facts after = wave_look(fd, form, size, true);
    REQUIRE(after.data_at == facts.data_at);
    REQUIRE(!facts.samples || facts.data_at < 0 || after.data_size == size - after.data_at ||
            after.data_size == facts.data_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    size_t len;
    struct audio_facts facts, again, early;
    unsigned char head[WAVE_HEAD] = "";
    fuzz_begin(&fuzz, data, size);
    const char *bytes = fuzz_rest_bytes(&fuzz, &len);
    int fd = memfd_create("audio", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    enum audio_verdict verdict = audio_look(fd, (int64_t)len, true, &facts);
    REQUIRE(verdict != AUDIO_MORE);
    REQUIRE(audio_look(fd, (int64_t)len, true, &again) == verdict && again.kind == facts.kind);
    REQUIRE(verdict != AUDIO_GOOD || facts.kind != AUDIO_UNKNOWN);
    REQUIRE(facts.start >= 0 && facts.start <= (int64_t)len);
    REQUIRE(facts.end == -1 || (facts.end == facts.said && facts.end > 0));
    verdict = audio_look(fd, (int64_t)len, false, &early);
    REQUIRE(verdict != AUDIO_EMPTY);
    memcpy(head, bytes, len < sizeof head ? len : sizeof head);
    enum wave_form form = wave_form_of(head);
    if (form != WAVE_NONE && len >= sizeof head) {
        check_header(fd, form, (int64_t)len);
    }
    close(fd);
    fuzz_end(&fuzz);
    return 0;
}
