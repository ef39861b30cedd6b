#include "speech_detection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/child.h"

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
    close(in);
    return detection->child != NULL ? NULL : &NOT_STARTED;
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

static const struct run_reason *judge(struct speech_detection *l, enum child_outcome outcome,
                                      int status, bool *final)
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
    return read_plan(l) ? NULL : &UNREADABLE;
}

bool speech_detection_check(struct speech_detection *detection, const struct run_reason **trouble,
                            bool *final)
{
    int status = 0;
    enum child_outcome outcome =
        detection->child != NULL ? child_check(detection->child, &status) : CHILD_RUNS;
    if (outcome == CHILD_RUNS) {
        return false;
    }
    child_free(detection->child);
    detection->child = NULL;
    *trouble = judge(detection, outcome, status, final);
    return true;
}

int speech_detection_fd(const struct speech_detection *detection)
{
    return detection->child != NULL ? child_fd(detection->child) : -1;
}

void speech_detection_drop(struct speech_detection *detection)
{
    child_free(detection->child);
    detection->child = NULL;
    plan_free(&detection->plan);
    if (detection->work_fd >= 0) {
        close(detection->work_fd);
        detection->work_fd = -1;
    }
}
