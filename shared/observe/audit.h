/*
 * Who listened to which call, from where. It is written down without delaying the sound.
 *
 * A responder sends a note to Redis and does not wait; a runner or cleanup stores the notes in
 * PostgreSQL, each once. When Redis does not take a note, or has AUDIT_POSTED_MAX notes that nobody
 * stores, the note becomes a line in the log instead: PLAYBACK.
 */
#ifndef TAPEDECK_OBSERVE_AUDIT_H
#define TAPEDECK_OBSERVE_AUDIT_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

enum { AUDIT_POSTED_MAX = 100000 }; /* some 30 MB */

struct audit_note {
    int64_t business_id;
    const char *call_sid; /* or the recording's own SID */
    const char *action;   /* "link", "file", "download", "media" */
    const char *subject;  /* NULL: a play link */
    const char *address;  /* NULL: not known */
    int64_t once_ms;      /* the like of it is posted once in this time; 0: each time */
};

/* Posts one note. Alike are notes of one action, call, subject and address. */
void audit_post(const struct app *app, const struct audit_note *note);

/* Stores what was posted. RESULT_LOST: somebody else is at it. Gives how many notes. */
enum result audit_store(const struct app *app, int64_t *stored);

/* A stored note, as the operator's tool shows it. */
struct audit_row {
    const char *at, *action, *subject, *address;
    const char *name; /* of the recording, or its call's: then it was that one's first */
    int64_t business_id;
};

/* Visits the notes of all of a call's recordings, by whatever name, or those of one recording;
 * newest first, at most 1000. */
enum result audit_each(const struct app *app, const char *call_sid,
                       void (*visit)(void *, const struct audit_row *), void *context);

const struct pg_statement *audit_statements(void);

#endif
