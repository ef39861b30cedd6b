/*
 * The decoder's "speech": a recording comes in, and what of it is sent to a speech server goes out
 * (audio/listening.h).
 */
#include <stdint.h>
#include <unistd.h>

#include "audio/child.h"
#include "audio/listening.h"
#include "base/magic.h"
#include "commands.h"
#include "sound.h"

struct speech_input {
    struct magic magic;
    struct sound *sound;
};

static int64_t read_input(void *context, int16_t *samples, int64_t count)
{
    return sound_read(CHECKED(speech_input, context)->sound, samples, count);
}

static enum result open_again(void *context)
{
    struct speech_input *input = CHECKED(speech_input, context);
    sound_close(input->sound);
    input->sound = NULL;
    return lseek(STDIN_FILENO, 0, SEEK_SET) == 0 ? sound_open(STDIN_FILENO, &input->sound)
                                                 : RESULT_FAILED;
}

int decoder_speech(void)
{
    struct speech_input input = {.magic = MAGIC(speech_input)};
    enum result result = open_again(&input);
    if (result == RESULT_OK) {
        const struct listening_sound sound = {.channels = sound_channels(input.sound),
                                              .rate = sound_rate(input.sound),
                                              .read = read_input,
                                              .rewind = open_again,
                                              .context = &input};
        result = listening_write(&sound, STDOUT_FILENO, INT64_MAX);
    }
    sound_close(input.sound);
    return result == RESULT_OK        ? CHILD_DONE
           : result == RESULT_INVALID ? CHILD_UNREADABLE
                                      : CHILD_NOT_DONE;
}
