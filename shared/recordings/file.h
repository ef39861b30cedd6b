/*
 * Recordings on disk: RECORDINGS_DIR/<business>/<call_sid>.<wav|mp3>, and while one arrives
 * .<call_sid>.part beside it.
 *
 * A finished name has all its bytes, on the disk and not just in memory: it appears by rename after
 * fsync. One writer a part file (flock); a part file nobody holds is rubbish.
 */
#ifndef TAPEDECK_RECORDINGS_FILE_H
#define TAPEDECK_RECORDINGS_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/text.h"
#include "config.h"
#include "recordings/audio.h"

enum { FILE_ETAG_SIZE = 48 };

struct file_facts {
    char path[PATH_MAX];
    enum audio_kind kind;
    int64_t size;     /* bytes */
    int64_t modified; /* seconds since 1970 */
};

/* Finds the finished file: two stats at most, no symbolic links. RESULT_NOT_FOUND when there is
 * none. `call_sid` must have passed text_is_sid. */
enum result file_find(const struct config *config, int64_t business_id, const char *call_sid,
                      struct file_facts *out);

/* The strong entity tag, quotes included: size and time of change. `out` holds FILE_ETAG_SIZE. */
const char *file_etag(const struct file_facts *facts, char *out);

struct file_part {
    int fd; /* -1: none */
    int dir_fd;
    char name[SID_SIZE + 8];
    char call_sid[SID_SIZE];
    int64_t size; /* bytes written */
    unsigned char head[AUDIO_HEAD_SIZE];
    int error; /* errno of the last failure */
};

/* Opens and locks an empty part file; makes the business's folder. RESULT_LOST: another writer has
 * it. Ends with file_part_finish or file_part_drop. */
enum result file_part_open(const struct config *config, int64_t business_id, const char *call_sid,
                           struct file_part *part);

enum result file_part_write(struct file_part *part, const char *bytes, size_t len);

/* Forgets what was written: the next format begins. */
enum result file_part_rewind(struct file_part *part);

/* fsync: after this the bytes are on the disk. */
enum result file_part_sync(struct file_part *part);

/* Gives the part its final name, then syncs the folder; closes the part whatever happens. */
enum result file_part_finish(struct file_part *part, enum audio_kind kind);

/* Removes and closes; safe on a closed part. */
void file_part_drop(struct file_part *part);

/* Removes part files that nobody holds and that nothing was written to for `age_ms`. Gives how
 * many. */
int64_t file_sweep_parts(const struct config *config, int64_t age_ms);

/* RESULT_OK when RECORDINGS_DIR can be written to. */
enum result file_dir_check(const struct config *config);

#endif
