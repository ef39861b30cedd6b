/*
 * Conferences: which calls took part, whose recordings they are, and those of which no call is
 * known, so that the provider is asked about them (tapedeck_conference_calls,
 * tapedeck_unknown_conferences).
 */
#ifndef TAPEDECK_CALLS_CONFERENCE_H
#define TAPEDECK_CALLS_CONFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"

/*
 * The business of a conference's recordings: that of its calls, else of its account, where just one
 * business comes out; else RESULT_NOT_FOUND, never a guess. Where none of its calls is known, the
 * conference is noted as one to ask about.
 */
enum result conference_business(const struct app *app, const char *conference_sid,
                                const char *account_sid, int64_t *business_id);

/* Notes that a call takes part in a conference. RESULT_EXISTS: that was known. */
enum result conference_join(const struct app *app, const char *conference_sid,
                            const char *call_sid);

typedef void conference_visitor(void *context, const char *conference_sid, const char *account_sid);

/* Visits at most `limit` conferences that the provider is to be asked about now, those of one
 * account after each other. */
enum result conference_each_due(const struct app *app, int64_t limit, conference_visitor *visit,
                                void *context);

/* It was asked about this one: not again if that was `all` it knows, else after 15 minutes, and
 * twice as long each time. */
enum result conference_asked(const struct app *app, const char *conference_sid, bool all);

/* This account refuses, or is away: none of its conferences is due for an hour. */
enum result conference_postpone(const struct app *app, const char *account_sid);

/* Takes those off the list of which a call is known by now, or that are on it for 30 days. */
enum result conference_forget(const struct app *app);

const struct pg_statement *conference_statements(void);

#endif
