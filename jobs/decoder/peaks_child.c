/*
 * tapedeck-decoder peaks <recording >waveform.json: see commands.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "audio/child.h"
#include "audio/peaks.h"
#include "commands.h"
#include "sound.h"

enum { FRAMES_AT_ONCE = 4096 };

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* On the disk before the runner gives it its name; a pipe has nothing to sync. */
static bool sync_output(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS;
}

static int print(const struct peaks *peaks)
{
    struct buf out;
    int status = CHILD_NOT_DONE;
    buf_init(&out, PEAKS_JSON_MAX);
    peaks_print(peaks, &out);
    if (buf_ok(&out) && write_all(STDOUT_FILENO, buf_str(&out), out.len) &&
        sync_output(STDOUT_FILENO)) {
        status = CHILD_DONE;
    }
    buf_free(&out);
    return status;
}

static int read_and_print(struct sound *sound)
{
    int16_t samples[FRAMES_AT_ONCE * SOUND_CHANNELS_MAX];
    int64_t frames;
    int status = CHILD_NOT_DONE;
    struct peaks *peaks = peaks_new(sound_channels(sound), sound_rate(sound));
    if (peaks == NULL) {
        return status;
    }
    while ((frames = sound_read(sound, samples, FRAMES_AT_ONCE)) > 0) {
        peaks_add(peaks, samples, frames);
    }
    status = peaks_frames(peaks) > 0 ? print(peaks) : CHILD_UNREADABLE;
    peaks_free(peaks);
    return status;
}

int decoder_peaks(void)
{
    struct sound *sound = NULL;
    enum result result = sound_open(STDIN_FILENO, &sound);
    if (result != RESULT_OK) {
        return result == RESULT_INVALID ? CHILD_UNREADABLE : CHILD_NOT_DONE;
    }
    int status = read_and_print(sound);
    sound_close(sound);
    return status;
}
