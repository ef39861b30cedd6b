/*
 * Who heard or read what of which call, from where, and until when. It is written down without
 * delaying the sound.
 *
 * A responder sends a note to Redis and does not wait; a runner or cleanup stores the notes in
 * PostgreSQL, each once: a row for each stretch of listening or reading (db/queue/note.lua). When
 * Redis does not take a note, or has 100,000 notes (some 30 MB) that nobody stores, the note
 * becomes a line in the log instead: PLAYBACK.
 */
#ifndef TAPEDECK_OBSERVE_AUDIT_H
#define TAPEDECK_OBSERVE_AUDIT_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* What was done. The column `action` has the words of audit.c. */
enum audit_action {
    AUDIT_LINK,       /* was given a play link; noted once while it works */
    AUDIT_FILE,       /* was sent a recording */
    AUDIT_DOWNLOAD,   /* the same, to keep */
    AUDIT_MEDIA,      /* was sent a recording, by a play link */
    AUDIT_SHARED,     /* was sent a recording, by a share; its subject is "share:<id>" */
    AUDIT_TRANSCRIPT, /* read a call, with what was said in it */
    AUDIT_LIST,       /* read the list of calls */
    AUDIT_SEARCH,     /* the same, and looked for somebody or something */
    AUDIT_EXPORT,     /* took the list of calls away, as a file */
};

/* Which play link: the recording's name and the link's end, in seconds since 1970. */
struct audit_link {
    const char *name; /* NULL: none */
    int64_t expires;
};

struct audit_note {
    enum audit_action action;
    int64_t business_id;
    const char *call_sid;   /* or the recording's own SID; "": of no one call */
    const char *subject;    /* NULL: not known; of AUDIT_MEDIA it is whoever was given the link */
    const char *address;    /* NULL: not known */
    struct audit_link link; /* of AUDIT_LINK and AUDIT_MEDIA */
};

/* Posts one note. Notes of one action, call, subject and address are one stretch. */
void audit_post(const struct app *app, const struct audit_note *note);

/* Stores what was posted, and until when the stretches went on: that at most twice a minute, unless
 * `at_once`. RESULT_LOST: somebody else is at it. Gives how many notes. */
enum result audit_store(const struct app *app, bool at_once, int64_t *stored);

/* A stored note, as the operator's tool shows it. */
struct audit_row {
    const char *at, *until, *action, *subject, *address;
    const char *name; /* of the recording, or its call's: then it was that one's first; "": none */
    const char *detail; /* which tag, note or share; NULL: the action says all */
    int64_t business_id, times;
};

typedef void audit_visitor(void *context, const struct audit_row *row);

/* Visits the notes of all of a call's recordings, by whatever name, or those of one recording;
 * newest first, at most 1000. */
enum result audit_each(const struct app *app, const char *call_sid, audit_visitor *visit,
                       void *context);

/* The same of all that was heard and read in one business. */
enum result audit_each_of_business(const struct app *app, int64_t business_id, audit_visitor *visit,
                                   void *context);

const struct pg_statement *audit_statements(void);
const struct pg_statement *audit_store_statements(void);

#endif
