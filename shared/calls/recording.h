/*
 * Recordings: a row each in tapedeck_recordings, and of a call's first one what call_log says.
 *
 * A recording has a name, which its file, links, runs, steps and objects bear: the CallSid where it
 * is its call's first, else its own RecordingSid. The first one that completes is the first. Those
 * of a conference belong to each call that took part, and always bear their own name.
 */
#ifndef TAPEDECK_CALLS_RECORDING_H
#define TAPEDECK_CALLS_RECORDING_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "base/text.h"
#include "twilio/callback.h"

struct recording_ref {
    int64_t business_id;
    char name[SID_SIZE];
};

/*
 * Writes what a recording callback says, within the caller's transaction. A completed recording is
 * not undone by a late in-progress. RESULT_NOT_FOUND while there is no such call, or of a
 * conference no call, or only calls of several businesses: never a guess.
 */
enum result recording_save(const struct app *app, const struct recording_callback *callback,
                           const char *recording_url, struct recording_ref *out);

/* One recording of a call. Texts live only while the visitor runs; NULL where not known. */
struct recording_row {
    const char *name, *recording_sid;
    const char *kind; /* "call", "leg" (of another leg of it), "conference" */
    const char *started_at, *source, *track;
    const char *segments; /* {"segments":[…]}, as it is stored */
};
typedef void recording_visitor(void *context, const struct recording_row *row);

/* Visits all recordings that a call shows, in order of time; at most RECORDING_EACH_MAX. */
enum { RECORDING_EACH_MAX = 100 };
enum result recording_each(const struct app *app, int64_t business_id, const char *call_sid,
                           recording_visitor *visit, void *context);

/* The names of the recordings of a call and of its conferences that are there to be fetched, in
 * order of time, or that of one recording; at most RECORDING_EACH_MAX. `names` holds as many. */
enum result recording_names(const struct app *app, int64_t business_id, const char *sid,
                            char (*names)[SID_SIZE], size_t *count);

/* The name of a recording that the call shows, by its own SID. RESULT_NOT_FOUND: it shows none of
 * that SID. */
enum result recording_name_of(const struct app *app, int64_t business_id, const char *call_sid,
                              const char *recording_sid, char name[SID_SIZE]);

/* Is this recording of the business known, and fetched or to be fetched, whatever its name?
 * RESULT_OK: it is not known. RESULT_EXISTS: it is. RESULT_NOT_FOUND: this business has no such
 * call, or nobody knows whose conference it is. RESULT_DENIED: another business's conference. */
enum result recording_is_new(const struct app *app, int64_t business_id,
                             const struct recording_callback *entry);

const struct pg_statement *recording_statements(void);

#endif
