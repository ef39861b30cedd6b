/*
 * Notes on calls: a text of somebody's, on the call or at a moment of one of its recordings; for
 * all of a business to see, or for its author alone. Only the author takes it away.
 *
 * The audit has a row of each, as of all marks (mark.h).
 */
#ifndef TAPEDECK_MARKS_CALL_NOTE_H
#define TAPEDECK_MARKS_CALL_NOTE_H

#include "mark.h"

enum { CALL_NOTE_LETTERS = 2000, CALL_NOTES_MAX = 200 /* of one call, as one person sees it */ };

struct call_note {
    int64_t id;
    const char *recording; /* its SID; NULL: it is on the call */
    int64_t at_ms;         /* from the recording's beginning; -1: on no moment */
    const char *text;
    const char *author;     /* the rest is for the visitor */
    const char *created_at; /* the note's */
    bool for_all;
};

/* Adds a note's text, recording and moment. RESULT_TOO_BIG: the call has CALL_NOTES_MAX. */
enum result call_note_add(const struct app *app, const struct mark_by *by,
                          const struct call_note *note, int64_t *id);

/* Takes the subject's own note away. RESULT_NOT_FOUND: there is none of that id. */
enum result call_note_drop(const struct app *app, const struct mark_by *by, int64_t id);

typedef void call_note_visitor(void *context, const struct call_note *note);

/* Visits those that this person sees: on the call first, then by moment. */
enum result call_note_each(const struct app *app, int64_t business_id, const char *call_sid,
                           const char *subject, call_note_visitor *visit, void *context);

const struct pg_statement *call_note_statements(void);

#endif
