/*
 * How long recordings are kept.
 *
 * A recording expires RETENTION_DAYS after its call, or after its business's own number of days (0:
 * never), or at call_log.recording_expires_at. Under a legal hold it never expires. Its row says
 * that it is deleted before its file is deleted, so that nobody fetches it again meanwhile. The
 * transcript stays.
 */
#ifndef TAPEDECK_STORAGE_RETENTION_H
#define TAPEDECK_STORAGE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "base/text.h"

/* When the recording of the row `alias` expires, NULL: never; `days` is RETENTION_DAYS, as a
 * parameter. */
#define RETENTION_EXPIRY(alias, days)                                                              \
    "recording_expiry(" alias ".created_at, " alias ".recording_expires_at, " alias ".legal_hold," \
    " coalesce((SELECT b.days FROM business_retention b WHERE b.business_id = " alias              \
    ".business_id), " days "::integer))"

/* A recording whose time is over; `call_sid` is its name. Texts live only while the visitor runs.
 */
struct retention_due {
    int64_t business_id;
    const char *call_sid, *called_at, *expired_at, *recording_url;
};
typedef void retention_visitor(void *context, const struct retention_due *due);

/* First those with a date of their own, then by age; then the recordings that are not the first of
 * their call, whatever their date. */
enum retention_phase { RETENTION_DATED, RETENTION_BY_AGE, RETENTION_OTHERS };

/* How far the line of those that are due was gone through; start from {0}. */
struct retention_cursor {
    enum retention_phase phase;
    int64_t business_id; /* by age: the business */
    int64_t at_us;       /* that date, or the call's by age; since 1970 */
    char call_sid[SID_SIZE];
    bool ended; /* nothing comes after it */
};

/* Visits at most `limit` recordings that are due, after `cursor`, which moves on: those whose own
 * date is over, then business by business, oldest call first. One that is being fetched is not due.
 * Reads what is due and nothing else, however much is kept. */
enum result retention_each_due(const struct app *app, struct retention_cursor *cursor,
                               int64_t limit, retention_visitor *visit, void *context);

/* Notes that it is deleted. RESULT_LOST when it is not due any more: held, or being fetched. */
enum result retention_mark(const struct app *app, int64_t business_id, const char *name);

/* The same for those that are deleted here, in the object store, too, and may still be at the
 * provider's; they expired when they were deleted. A recording that is not due any more, or
 * that is kept in another row of its call, is not among them. */
enum result retention_each_left(const struct app *app, struct retention_cursor *cursor,
                                int64_t limit, retention_visitor *visit, void *context);

/* May it go at the provider's, at this moment? RESULT_LOST: it is held, or kept, again. */
enum result retention_may_leave(const struct app *app, int64_t business_id, const char *name);

/* Is the end over that it was given for its own, though retain has not come to it? RESULT_LOST: no,
 * or it is held, or being fetched. */
enum result retention_is_over(const struct app *app, int64_t business_id, const char *name);

/* Notes that the provider has it no more. */
enum result retention_mark_left(const struct app *app, int64_t business_id, const char *name);

/* Whose a file or an object of this name in this business's folder is. What is over goes at once,
 * whatever its age; what is nobody's may be on its way to becoming somebody's, or this may be
 * another database. */
enum retention_owner {
    RETENTION_KEPT,    /* somebody's: not deleted, or held, or being fetched */
    RETENTION_OVER,    /* known to be deleted, or to be another business's */
    RETENTION_NOBODYS, /* PostgreSQL knows no call and no recording of this name */
};
enum result retention_whose(const struct app *app, int64_t business_id, const char *name,
                            enum retention_owner *owner);

/* How old what is nobody's must be before it goes, and how much of it is never too much for one
 * night: the `floor` below. */
enum { RETENTION_ORPHAN_AGE_S = 86400, RETENTION_ORPHANS_FLOOR = 20 };

/* ---- the brake ---- */

/* More than `floor`, and more than RETENTION_MAX_SHARE per cent: a clock is wrong, say, or this is
 * another database. */
bool retention_is_too_many(const struct config *config, int64_t floor, int64_t count, int64_t of);

/* What a night is about to delete, of how much: what is due, what else will expire some day, and
 * what was due within the last two weeks, so that nights after a holiday are nothing unusual. */
struct retention_night {
    int64_t due;
    int64_t of; /* at least; counted only where more than a few are due */
    bool too_many;
};
enum result retention_weigh(const struct app *app, struct retention_night *out);

/* Remembers how much was due, before any of it goes. */
enum result retention_note_night(const struct app *app, int64_t due);

/* For the check that the schema accepts them. */
const struct pg_statement *retention_statements(void);
const struct pg_statement *retention_brake_statements(void);

#endif
