/*
 * Strays: objects in the store that no row of recording_objects tells of. A restored database is
 * older than the bucket, or a runner died between an upload and its row.
 *
 * The object of a recording that is kept gets its row back (it is adopted); what it should add up
 * to is not known then. Of others retention_whose says whether they go.
 */
#ifndef TAPEDECK_STORAGE_STRAY_H
#define TAPEDECK_STORAGE_STRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "audio.h"
#include "base/result.h"
#include "base/text.h"
#include "clients/s3.h"
#include "retention.h"

struct stray {
    int64_t business_id;
    char name[SID_SIZE];
    enum audio_kind kind; /* AUDIO_UNKNOWN: a waveform */
    int64_t bytes;
    int64_t modified; /* seconds since 1970 */
    enum retention_owner owner;
};

/* Reads what an object is from its key, "<business>/<name>.<wav|mp3|…|peaks.json>". False when it
 * is none of ours. */
bool stray_read(const struct s3_listed *listed, struct stray *out);

/* Leaves those of `count` objects that no row tells of, in their order, and says whose they are. */
enum result stray_sort(const struct app *app, struct stray *strays, size_t *count);

/* Makes the row of one that is kept. RESULT_LOST: there is one by now, it is kept no more, or what
 * was stored of this recording last had another size. */
enum result stray_adopt(const struct app *app, const struct stray *stray);

/* Where the tour through the bucket goes on. */
enum result stray_place(const struct app *app, struct s3_place *out);
enum result stray_set_place(const struct app *app, const struct s3_place *place);

/* For the check that the schema accepts them. */
const struct pg_statement *stray_statements(void);

#endif
