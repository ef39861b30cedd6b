/*
 * Recordings on disk: RECORDINGS_DIR/<business>/<call_sid>.<wav|mp3|…>, and while one arrives
 * .<call_sid>.part beside it.
 *
 * A finished name has all its bytes, on the disk and not just in memory: it appears by rename after
 * fsync. One writer a part file (flock); a part file nobody holds is rubbish.
 *
 * A part file has a *stamp*: the time it was begun, in nanoseconds, which is its time of change
 * from its first byte on and stays that of the finished file. No two attempts share one, and none
 * writes into another's file, so whoever opens a file with a stamp reads that attempt's bytes and
 * no other's, and the entity tag can be told before the last byte is here.
 *
 * Beside a recording its waveform, <call_sid>.peaks.json, with the recording's time of change; an
 * empty one says that the recording cannot be read.
 */
#ifndef TAPEDECK_STORAGE_FILE_H
#define TAPEDECK_STORAGE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "audio.h"
#include "base/result.h"
#include "base/text.h"
#include "config/config.h"

enum { FILE_ETAG_SIZE = 48 };

#define FILE_PEAKS_ENDING "peaks.json"

struct file_facts {
    char path[PATH_MAX];
    enum audio_kind kind;
    int64_t size;        /* bytes */
    int64_t modified;    /* seconds since 1970 */
    int64_t modified_ns; /* the same in nanoseconds */
};

/* A file's time of change, in nanoseconds since 1970. */
int64_t file_modified_ns(const struct stat *st);

/* Finds the finished file: a stat for each kind at most, no symbolic links. RESULT_NOT_FOUND when
 * there is none; RESULT_FAILED: the business's folder is a link, and what is there is not known.
 * `call_sid` must have passed text_is_sid. */
enum result file_find(const struct config *config, int64_t business_id, const char *call_sid,
                      struct file_facts *out);

/* Has it all its bytes? `stored_bytes` is how many were stored; 0 or less: not known, then what the
 * file says of itself counts: a WAV says how long it is, an MP3 only that it is not empty. A few
 * bytes are read. True where it cannot be told. */
bool file_is_whole(const struct file_facts *facts, int64_t stored_bytes);

/* The finished file, if it is whole. RESULT_LOST: it is not, and the log says so. */
enum result file_find_whole(const struct config *config, int64_t business_id, const char *call_sid,
                            int64_t stored_bytes, struct file_facts *out);

/* Opens a finished file for reading, and follows no symbolic link to it or to its folder. -1: it is
 * not there. The caller closes it. */
int file_open(const struct file_facts *facts);

/* The same, and it does not count as playing it (storage/cache.h). */
int file_open_quietly(const struct file_facts *facts);

/* The strong entity tag, quotes included: size and time of change. `out` holds FILE_ETAG_SIZE. */
const char *file_etag(const struct file_facts *facts, char *out);

/* Finds the waveform of that recording. RESULT_NOT_FOUND: there is none, or another recording's;
 * RESULT_INVALID: the recording cannot be read. */
enum result file_peaks_find(const struct config *config, int64_t business_id, const char *call_sid,
                            const struct file_facts *recording, struct file_facts *out);

/* Removes a waveform, whatever recording's it is. RESULT_OK when there is none. */
enum result file_peaks_remove(const struct config *config, int64_t business_id,
                              const char *call_sid);

/* Opens the part file with this stamp for reading, without its lock; no symbolic links.
 * RESULT_NOT_FOUND: there is no part file. RESULT_LOST: the one that is there is another attempt's,
 * or is being written to at this very moment: look again. The caller closes *out. */
enum result file_arriving_open(const struct config *config, int64_t business_id,
                               const char *call_sid, int64_t stamp_ns, int *out);

/* The bytes that are there. `goes_on` is false when its writer has given it up: no more will come.
 */
int64_t file_arriving_size(int fd, bool *goes_on);

struct file_part {
    int fd; /* -1: none */
    int dir_fd;
    char name[SID_SIZE + 8];
    char call_sid[SID_SIZE];
    int64_t size;    /* bytes written */
    int64_t flushed; /* of those, on their way to the disk */
    int64_t stamp_ns;
    int error; /* errno of the last failure */
};

/* Opens and locks an empty part file; makes the business's folder. RESULT_LOST: another writer has
 * it. Ends with file_part_settle or file_part_drop. */
enum result file_part_open(const struct config *config, int64_t business_id, const char *call_sid,
                           struct file_part *part);

enum result file_part_write(struct file_part *part, const char *bytes, size_t len);

/* Forgets what was written: the next format begins, with another stamp. */
enum result file_part_rewind(struct file_part *part);

/* Sends the bytes on their way to the disk and does not wait: file_part_sync then waits less, the
 * more so for one of many. Promises nothing. */
void file_part_flush(struct file_part *part);

/* fsync: after this the bytes are on the disk. */
enum result file_part_sync(struct file_part *part);

/* Gives the part its final name; where that fails it is dropped. Then comes file_part_settle. */
enum result file_part_name(struct file_part *part, enum audio_kind kind);

/* Syncs the folder: after this the name is on the disk. Closes the part whatever happens. */
enum result file_part_settle(struct file_part *part);

/* The same for a recording that was here before, with the time of change it had. */
enum result file_part_finish_again(struct file_part *part, enum audio_kind kind,
                                   int64_t modified_ns);

/* The same for a waveform in the making: opens `fd` to be written to; then gives it its final name
 * and the recording's time of change. That name is not waited for: one that a crash takes away is
 * made again. Whoever wrote the bytes has synced them. */
enum result file_peaks_open(const struct config *config, int64_t business_id, const char *call_sid,
                            struct file_part *part);
enum result file_peaks_finish(struct file_part *part, int64_t modified_ns);

/* Removes and closes; safe on a closed part. */
void file_part_drop(struct file_part *part);

/* Visits what is named like a part file, of a waveform too, in every business's folder. It looks at
 * `names_max` names at most; false when there may be more. */
typedef void file_part_visitor(void *context, int dir_fd, const char *name);
bool file_each_part(const struct config *config, int64_t names_max, file_part_visitor *visit,
                    void *context);

/* Removes part files, of waveforms too, that nobody holds and that were begun `age_ms` ago or
 * earlier. Gives how many. */
int64_t file_sweep_parts(const struct config *config, int64_t age_ms);

/* RESULT_OK when RECORDINGS_DIR can be read and, if asked, written to. Responders only read it, and
 * under Apache run as its user. */
enum result file_dir_check(const struct config *config, bool to_write);

#endif
