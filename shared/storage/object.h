/*
 * Recordings in the object store, as PostgreSQL knows them.
 *
 * A row says that the store has the recording; the store was asked after the upload. When the store
 * does not have it any more, the recording is *lost*: its row says so, and the recording is fetched
 * from the provider again. A row is deleted when its object was seen to be gone.
 *
 * The waveform is beside its recording, as on disk (file.h), and the row has it, too. It belongs to
 * that recording only, is deleted with it, and can always be made again.
 */
#ifndef TAPEDECK_STORAGE_OBJECT_H
#define TAPEDECK_STORAGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "audio.h"
#include "base/result.h"
#include "base/text.h"
#include "clients/s3.h"
#include "file.h"

/* A waveform. `bytes` is -1 where the store has none, and 0 where the recording cannot be read:
 * nobody need try again. */
struct object_peaks {
    int64_t bytes;
    char sha256[CRYPTO_SHA256_HEX];
};

struct object_facts {
    int64_t business_id;
    char call_sid[SID_SIZE];
    enum audio_kind kind;
    int64_t bytes;
    int64_t modified_ns; /* of the file it was made from; of an adopted one, the store's */
    char sha256[CRYPTO_SHA256_HEX]; /* "": adopted (stray.h), so its bytes were never seen */
    struct object_peaks peaks;
};

#define OBJECT_PEAKS_TYPE "application/json"

/* "<business>/<call_sid>.<ext>", and "<business>/<call_sid>.peaks.json"; `out` holds S3_KEY_SIZE.
 */
const char *object_key(int64_t business_id, const char *call_sid, enum audio_kind kind, char *out);
const char *object_peaks_key(int64_t business_id, const char *call_sid, char *out);

/* True when it was made from this very file. */
bool object_is_of(const struct object_facts *object, const struct file_facts *file);

/* RESULT_NOT_FOUND: the store does not have it, or lost it. */
enum result object_find(const struct app *app, int64_t business_id, const char *call_sid,
                        struct object_facts *out);

/* Notes that the store has it, and its waveform or none. RESULT_LOST: it is deleted by now, and
 * must not be kept. */
enum result object_stored(const struct app *app, int64_t business_id, const char *call_sid,
                          const struct file_facts *file, const struct s3_stored *stored,
                          const struct object_peaks *peaks);

/* Notes the waveform of one that is there. RESULT_LOST: it is deleted, or another, by now. */
enum result object_peaks_stored(const struct app *app, int64_t business_id, const char *call_sid,
                                int64_t modified_ns, const struct object_peaks *peaks);

/* Notes that the store does not have its waveform any more. */
enum result object_peaks_lost(const struct app *app, int64_t business_id, const char *call_sid);

/* Notes that a run's download was in the store before: object_each_due asks no more for it. */
enum result object_known(const struct app *app, int64_t business_id, const char *call_sid);

/* Notes that its upload did not succeed: other machines need not wait for it. */
enum result object_held_up(const struct app *app, int64_t business_id, const char *call_sid);

/* Notes that the store does not have it any more. */
enum result object_lost(const struct app *app, int64_t business_id, const char *call_sid);

/* Deletes a recording and its waveform in the store, whatever the row says and in whatever format,
 * and sees that they are gone. S3_OK when they were not there. */
enum s3_outcome object_erase(const struct app *app, int64_t business_id, const char *call_sid);

/* The same, and forgets the row, if there is one. Without an object store: RESULT_DENIED when there
 * is a row, as nothing can be deleted there, else RESULT_OK. */
enum result object_remove(const struct app *app, int64_t business_id, const char *call_sid);

/* Visits at most `limit` that the store has, by business and call, after `cursor`, which moves on;
 * start from {0}. Gives how many. */
struct object_cursor {
    int64_t business_id;
    char call_sid[SID_SIZE];
};
typedef void object_visitor(void *context, const struct object_facts *object);
enum result object_each(const struct app *app, struct object_cursor *cursor, int64_t limit,
                        object_visitor *visit, void *context, int64_t *count);

/* How many there are, and their bytes. */
enum result object_total(const struct app *app, int64_t *count, int64_t *bytes);

/* Visits downloads of the last days that the store does not have, oldest first, after `cursor`.
 * They may be on another machine's disk. */
struct object_due {
    int64_t business_id;
    const char *call_sid;
};
struct object_due_cursor {
    int64_t completed_us, run_id;
};
typedef void object_due_visitor(void *context, const struct object_due *due);
enum result object_each_due(const struct app *app, struct object_due_cursor *cursor, int64_t limit,
                            object_due_visitor *visit, void *context, int64_t *count);

/* For the check that the schema accepts them. */
const struct pg_statement *object_statements(void);

#endif
