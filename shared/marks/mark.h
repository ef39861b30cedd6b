/*
 * What people add to calls: stars and tags, each for all of a business or for whoever sets it, and
 * who has listened. Notes are in call_note.h.
 *
 * Every change leaves a row in the audit, in the statement that makes it: one is not without the
 * other, and what changes nothing leaves none. Another business's call is RESULT_NOT_FOUND, like
 * one that does not exist.
 */
#ifndef TAPEDECK_MARKS_MARK_H
#define TAPEDECK_MARKS_MARK_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/crypto.h"

enum {
    MARK_TAG_LETTERS = 40,                    /* Unicode's code points */
    MARK_TAG_SIZE = 4 * MARK_TAG_LETTERS + 1, /* a tag as UTF-8 */
    MARK_TAGS_MAX = 20,                       /* of one call, as one person sees it */
};

/* Who changes something, and for whom. */
struct mark_by {
    int64_t business_id;
    const char *call_sid;
    const char *subject; /* whose session it is; not "" */
    const char *address; /* NULL: not known */
    bool for_all;        /* of the business; else for the subject alone */
};

/* Makes a tag of what somebody typed: blanks around it go, those within are one each. False: it
 * has no letter or more than MARK_TAG_LETTERS, is no UTF-8, or could not stand in an address (a
 * slash, or only dots). `out` holds MARK_TAG_SIZE. */
bool mark_tag(const char *text, char *out);

/* Set or taken away; the same thing twice changes nothing. */
enum result mark_star(const struct app *app, const struct mark_by *by, bool set);

/* The same with a tag. RESULT_TOO_BIG: the call has MARK_TAGS_MAX already. */
enum result mark_tagged(const struct app *app, const struct mark_by *by, const char *tag, bool set);

/* One call's marks, as one person sees them; of a call with several tags a row for each. */
struct mark_row {
    const char *starred; /* "me", else "all", else NULL */
    bool heard;          /* by this person */
    const char *tag;     /* NULL: none */
    bool tag_for_all;
};
typedef void mark_visitor(void *context, const struct mark_row *row);

/* Visits them, at least one row. */
enum result mark_each(const struct app *app, int64_t business_id, const char *call_sid,
                      const char *subject, mark_visitor *visit, void *context);

/* A tag that this person sees, and how many calls have it (counted up to MARK_COUNTED). */
enum { MARK_TAGS_SHOWN = 200, MARK_COUNTED = 1000 };
typedef void mark_tag_visitor(void *context, const char *tag, int64_t calls);

/* Visits them, the most used first; at most MARK_TAGS_SHOWN. */
enum result mark_each_tag(const struct app *app, int64_t business_id, const char *subject,
                          mark_tag_visitor *visit, void *context);

/* Somebody who has listened to a call. */
struct mark_listener {
    const char *subject, *at; /* when last */
    int64_t seconds;          /* for how long, in all; -1: not known */
};
enum { MARK_LISTENERS_MAX = 100 };
typedef void mark_listener_visitor(void *context, const struct mark_listener *listener);

/* Visits them, the last one first; at most MARK_LISTENERS_MAX. */
enum result mark_each_listener(const struct app *app, int64_t business_id, const char *call_sid,
                               mark_listener_visitor *visit, void *context);

/* The first parameters of a change (mark_sql.h); `id` becomes the audit row's. RESULT_FAILED: the
 * system has no random bytes. */
enum result mark_params(const struct mark_by *by, char id[CRYPTO_TOKEN_SIZE],
                        struct pg_params *params);

/* Runs the statement of a change. RESULT_NOT_FOUND: it has no row, so there is no such call, note
 * or share. RESULT_TOO_BIG: its first column is NULL, so the call has as many as it may. That
 * column goes to `id`, if anybody wants it. */
enum result mark_change(const struct app *app, const struct pg_statement *statement,
                        const struct pg_params *params, int64_t *id);

const struct pg_statement *mark_statements(void);
const struct pg_statement *mark_read_statements(void);

#endif
