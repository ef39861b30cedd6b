/*
 * What of a plain recording is sent to a speech server is the same whether a decoder reads it or we
 * do: the plan and the samples, byte for byte.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "audio/listening.h"
#include "audio/plain_sound.h"
#include "base/magic.h"
#include "decoder/sound.h"
#include "wave_forms.h"

enum { WRITTEN_MAX = 1024 * 1024 };

struct readers {
    struct magic magic;
    int fd;
    struct sound *decoded;
    struct plain_sound *plain;
};

static int64_t read_decoded(void *context, int16_t *samples, int64_t count)
{
    return sound_read(CHECKED(readers, context)->decoded, samples, count);
}

static enum result rewind_decoded(void *context)
{
    struct readers *readers = CHECKED(readers, context);
    sound_close(readers->decoded);
    readers->decoded = NULL;
    assert_true(lseek(readers->fd, 0, SEEK_SET) == 0);
    return sound_open(readers->fd, &readers->decoded);
}

static int64_t read_plain(void *context, int16_t *samples, int64_t count)
{
    return plain_sound_read(CHECKED(readers, context)->plain, samples, count);
}

static enum result rewind_plain(void *context)
{
    plain_sound_rewind(CHECKED(readers, context)->plain);
    return RESULT_OK;
}

/* What listening_write writes; its length in `len`. */
static enum result listen_to(const struct listening_sound *sound, int64_t most, char *out,
                             size_t *len)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    enum result result = listening_write(sound, fileno(file), most);
    rewind(file);
    *len = fread(out, 1, WRITTEN_MAX, file);
    fclose(file);
    return result;
}

static struct listening_sound decoded_of(struct readers *readers)
{
    assert_int_equal(rewind_decoded(readers), RESULT_OK);
    return (struct listening_sound){.channels = sound_channels(readers->decoded),
                                    .rate = sound_rate(readers->decoded),
                                    .read = read_decoded,
                                    .rewind = rewind_decoded,
                                    .context = readers};
}

static struct listening_sound plain_of(struct readers *readers)
{
    return (struct listening_sound){.channels = plain_sound_channels(readers->plain),
                                    .rate = plain_sound_rate(readers->plain),
                                    .read = read_plain,
                                    .rewind = rewind_plain,
                                    .context = readers};
}

static void compare_both(struct readers *readers)
{
    char *ours = malloc(WRITTEN_MAX), *theirs = malloc(WRITTEN_MAX);
    size_t our_len, their_len;
    const struct listening_sound decoded = decoded_of(readers), plain = plain_of(readers);
    assert_true(ours != NULL && theirs != NULL);
    enum result result = listen_to(&plain, INT64_MAX, ours, &our_len);
    assert_int_equal(listen_to(&decoded, INT64_MAX, theirs, &their_len), result);
    assert_int_equal(our_len, their_len);
    assert_memory_equal(ours, theirs, our_len);
    if (result == RESULT_OK) {
        rewind_plain(readers);
        assert_int_equal(listen_to(&plain, (int64_t)our_len - 1, ours, &our_len), RESULT_INVALID);
    }
    free(ours);
    free(theirs);
}

/* How it opens for us; when it does, both have given the same. */
static enum result compare(const struct made *made)
{
    struct readers readers = {.magic = MAGIC(readers), .fd = file_of(made)};
    int ours = dup(readers.fd);
    enum result result = plain_sound_open(ours, &readers.plain);
    if (result == RESULT_OK) {
        compare_both(&readers);
    } else {
        close(ours);
    }
    plain_sound_close(readers.plain);
    sound_close(readers.decoded);
    close(readers.fd);
    return result;
}

static void test_what_twilio_sends(void **state)
{
    struct made *made = *state;
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
        make(&PLAIN[i], made);
        assert_int_equal(compare(made), RESULT_OK);
    }
}

/* Noise with silence in it, now in one channel and now in the other. */
static void test_speech_and_pauses(void **state)
{
    struct made *made = *state;
    uint32_t seed = 3;
    for (int round = 0; round < 20; round++) {
        make(&PLAIN[1], made);
        for (size_t at = 44; at + 4 <= made->len;) {
            uint32_t length = 800 + next_random(&seed) % 20000, quiet = next_random(&seed) % 4;
            for (uint32_t i = 0; i < length && at + 4 <= made->len; i++, at += 4) {
                memset(made->bytes + at, 0, quiet & 1 ? 2 : 0);
                memset(made->bytes + at + 2, 0, quiet & 2 ? 2 : 0);
            }
        }
        assert_int_equal(compare(made), RESULT_OK);
    }
}

static void test_what_is_for_a_decoder(void **state)
{
    struct made *made = *state;
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        make(&OTHERS[i], made);
        assert_int_equal(compare(made), RESULT_INVALID);
    }
    made->len = 0;
    assert_int_equal(compare(made), RESULT_INVALID);
}

static void test_any_header(void **state)
{
    struct made *made = *state;
    uint32_t seed = 11, right = 0;
    for (int i = 0; i < 3000; i++) {
        make_any(&seed, made);
        right += compare(made) == RESULT_OK;
    }
    assert_true(right > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_twilio_sends),
        cmocka_unit_test(test_speech_and_pauses),
        cmocka_unit_test(test_what_is_for_a_decoder),
        cmocka_unit_test(test_any_header),
    };
    return cmocka_run_group_tests(tests, make_room, free_room);
}
