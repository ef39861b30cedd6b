/*
 * What Twilio's API says about who took part in a conference (Twilio, "Conference resource: fetch",
 * "Conference Participant resource: read multiple").
 *
 * While a conference goes on, its list of participants has all who are in it. Once it is completed,
 * that list is empty for ever, and all that is left is the call that ended it.
 */
#ifndef TAPEDECK_TWILIO_PARTICIPANTS_H
#define TAPEDECK_TWILIO_PARTICIPANTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

enum { PARTICIPANTS_ANSWER_MAX = 1024 * 1024, PARTICIPANTS_URI_SIZE = 256 };

/* The path and query to ask for: the conference itself, or who is in it. `out` holds
 * PARTICIPANTS_URI_SIZE. */
enum result participants_conference_uri(const char *account_sid, const char *conference_sid,
                                        char *out);
enum result participants_list_uri(const char *account_sid, const char *conference_sid, char *out);

typedef void participants_visitor(void *context, const char *call_sid);

/* Reads the conference: is it over, and then visits the call that ended it, where one did.
 * RESULT_INVALID when it is no such answer, or another conference's or account's. */
enum result participants_read_conference(const char *text, size_t len, const char *account_sid,
                                         const char *conference_sid, participants_visitor *visit,
                                         void *context, bool *is_over);

/* Visits each call that is in it; an entry that is another conference's or account's is passed
 * over. RESULT_INVALID when it is no such list. */
enum result participants_read_list(const char *text, size_t len, const char *account_sid,
                                   const char *conference_sid, participants_visitor *visit,
                                   void *context);

#endif
