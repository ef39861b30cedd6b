/*
 * The transcript and the summary of a call, in call_log.
 *
 * A CRM may have two rows of one call: both get what is saved.
 */
#ifndef TAPEDECK_CALLS_TRANSCRIPT_H
#define TAPEDECK_CALLS_TRANSCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/buf.h"
#include "base/result.h"
#include "speech/business_speech.h"
#include "speech/talk.h"

enum { TRANSCRIPT_TEXT_MAX = 32 * 1024 * 1024, TRANSCRIPT_JSON_MAX = 128 * 1024 * 1024 };

struct transcript_facts {
    bool inbound;
    bool is_transcribed; /* this recording */
    bool has_transcript; /* any recording of the call */
    bool has_summary;
    char status[32];   /* the call's, at the provider; "" when not known */
    int64_t spoken_ms; /* all segments together; -1: there are no segments */
};

/* Of a call, by its SID, with all its recordings; or of one that is not the first of its call, by
 * its own. RESULT_NOT_FOUND: there is none in this business. */
enum result transcript_facts(const struct app *app, int64_t business_id, const char *name,
                             struct transcript_facts *out);

/* Appends what was said in all recordings of the call, in order of time; nothing when there is
 * none. */
enum result transcript_text(const struct app *app, int64_t business_id, const char *call_sid,
                            struct buf *out);

/* What its business tells the models. Where that cannot be read (an older database, no rights), it
 * tells them nothing. RESULT_UNAVAILABLE: ask again. */
enum result transcript_business_speech(const struct app *app, int64_t business_id,
                                       struct business_speech *out);

/* Saves what was heard in the recording of this name; `source` is the model that heard it, NULL
 * when none was asked. */
enum result transcript_save(const struct app *app, int64_t business_id, const char *name,
                            const struct talk *talk, bool hebrew, const char *source);

/* Saves a summary and how it came about: "done", "fixed"; without a text only that: "skipped",
 * "failed", and a summary that was there stays. */
enum result transcript_save_summary(const struct app *app, int64_t business_id,
                                    const char *call_sid, const char *text, const char *status);

const struct pg_statement *transcript_statements(void);

#endif
