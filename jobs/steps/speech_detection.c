#include "speech_detection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/child.h"
#include "audio/listening_thread.h"
#include "audio/plain_sound.h"

enum { CPU_S = 600, WALL_MS = 15 * 60 * 1000, MEMORY = 512 << 20, MODE = 0600, PATH_SIZE = 4200 };

static const struct run_reason NO_FILE = {"recording_missing", "The recording is not here."};
static const struct run_reason DISK = {"disk_error", "The working file could not be written."};
static const struct run_reason NOT_STARTED = {"internal",
                                              "The recording could not be looked into."};
static const struct run_reason UNREADABLE = {"unreadable", "The recording cannot be decoded."};
static const struct run_reason TOO_SLOW = {"audio_too_slow",
                                           "Looking into the recording took too long."};

/* Where a file system knows no O_TMPFILE, a name for a moment. */
static int open_work(const struct config *config)
{
    char path[PATH_SIZE];
    int fd = open(config->recordings_dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, MODE);
    int n = snprintf(path, sizeof path, "%s/.work-XXXXXX", config->recordings_dir);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR) || n < 0 || n >= PATH_SIZE) {
        return fd;
    }
    fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        (void)unlink(path);
    }
    return fd;
}

static bool start_child(const struct config *config, int in, struct speech_detection *detection)
{
    struct child_order order = {
        .words = {"speech", config->sandbox ? NULL : CHILD_OPEN},
        .in = in,
        .out = detection->work_fd,
        .limits = {.cpu_s = CPU_S,
                   .memory_bytes = MEMORY,
                   .output_bytes = config->max_recording_bytes,
                   .wall_ms = WALL_MS},
    };
    detection->child = child_start(&order);
    return detection->child != NULL;
}

/* Takes `in`. */
static bool start(const struct config *config, int in, struct speech_detection *detection)
{
    struct plain_sound *sound = NULL;
    if (plain_sound_open(in, &sound) == RESULT_OK) {
        detection->thread =
            listening_thread_start(sound, detection->work_fd, config->max_recording_bytes);
        return detection->thread != NULL;
    }
    bool good = start_child(config, in, detection);
    close(in);
    return good;
}

const struct run_reason *speech_detection_start(const struct config *config, const char *path,
                                                struct speech_detection *detection)
{
    *detection = (struct speech_detection){.work_fd = -1};
    int in = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0) {
        return &NO_FILE;
    }
    detection->work_fd = open_work(config);
    if (detection->work_fd < 0) {
        close(in);
        return &DISK;
    }
    return start(config, in, detection) ? NULL : &NOT_STARTED;
}

/* The plan stands before the samples, and the file must hold all that it speaks of. */
static bool read_plan(struct speech_detection *l)
{
    struct stat st;
    size_t used = 0;
    bool good = false;
    char *text = malloc(PLAN_TEXT_MAX);
    ssize_t n = text != NULL ? pread(l->work_fd, text, PLAN_TEXT_MAX, 0) : -1;
    if (n > 0 && plan_read(text, (size_t)n, &l->plan, &used) == RESULT_OK) {
        int64_t frames = plan_stream_frames(&l->plan, 0) + plan_stream_frames(&l->plan, 1);
        l->samples_at = (int64_t)used;
        good = fstat(l->work_fd, &st) == 0 &&
               st.st_size >= l->samples_at + frames * (int64_t)sizeof(int16_t);
    }
    free(text);
    return good;
}

static const struct run_reason *judge_child(enum child_outcome outcome, int status, bool *final)
{
    *final = outcome == CHILD_CRASHED || (outcome == CHILD_EXITED && status == CHILD_UNREADABLE);
    if (*final) {
        return &UNREADABLE;
    }
    if (outcome == CHILD_TOO_SLOW) {
        return &TOO_SLOW;
    }
    if (outcome != CHILD_EXITED || status != CHILD_DONE) {
        return outcome == CHILD_EXITED && status == CHILD_NOT_DONE ? &DISK : &NOT_STARTED;
    }
    return NULL;
}

static bool check_child(struct speech_detection *detection, const struct run_reason **trouble,
                        bool *final)
{
    int status = 0;
    enum child_outcome outcome = child_check(detection->child, &status);
    if (outcome == CHILD_RUNS) {
        return false;
    }
    *trouble = judge_child(outcome, status, final);
    return true;
}

static bool check_thread(struct speech_detection *detection, const struct run_reason **trouble,
                         bool *final)
{
    enum result result;
    if (!listening_thread_check(detection->thread, &result)) {
        return false;
    }
    *final = result == RESULT_INVALID;
    *trouble = *final ? &UNREADABLE : result != RESULT_OK ? &DISK : NULL;
    return true;
}

static void end(struct speech_detection *detection)
{
    child_free(detection->child);
    detection->child = NULL;
    listening_thread_free(detection->thread);
    detection->thread = NULL;
}

bool speech_detection_check(struct speech_detection *detection, const struct run_reason **trouble,
                            bool *final)
{
    bool ended = detection->child != NULL    ? check_child(detection, trouble, final)
                 : detection->thread != NULL ? check_thread(detection, trouble, final)
                                             : false;
    if (!ended) {
        return false;
    }
    end(detection);
    if (*trouble == NULL && !read_plan(detection)) {
        *trouble = &UNREADABLE;
    }
    return true;
}

int speech_detection_fd(const struct speech_detection *detection)
{
    return detection->child != NULL    ? child_fd(detection->child)
           : detection->thread != NULL ? listening_thread_fd(detection->thread)
                                       : -1;
}

void speech_detection_drop(struct speech_detection *detection)
{
    end(detection);
    plan_free(&detection->plan);
    if (detection->work_fd >= 0) {
        close(detection->work_fd);
        detection->work_fd = -1;
    }
}
