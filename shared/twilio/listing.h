/*
 * A page of Twilio's list of recordings (Twilio, "Recordings resource: read multiple"), turned into
 * the callbacks that Twilio should have sent.
 */
#ifndef TAPEDECK_TWILIO_LISTING_H
#define TAPEDECK_TWILIO_LISTING_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "callback.h"

enum { LISTING_PAGE_MAX = 4 * 1024 * 1024, LISTING_URI_SIZE = 1024 };

typedef void listing_visitor(void *context, const struct recording_callback *callback);

/* The first page's path and query: recordings created since `since` (seconds since 1970; the list
 * goes by day). `out` holds LISTING_URI_SIZE. */
enum result listing_first(const char *account_sid, int64_t since, int64_t page_size, char *out);

/* The same for recordings created up to `until`, to the end of that day. */
enum result listing_between(const char *account_sid, int64_t since, int64_t until,
                            int64_t page_size, char *out);

/*
 * Visits each entry that is a recording of a call or a conference; malformed ones are passed over.
 * `next` (LISTING_URI_SIZE) gets the next page's path and query, "" after the last; one that leads
 * out of this account's list is RESULT_INVALID, as is what is no such page.
 */
enum result listing_read(const char *text, size_t len, const char *account_sid,
                         listing_visitor *visit, void *context, char *next);

/* True when `uri` is a path of this account's recordings list. */
bool listing_is_own(const char *uri, const char *account_sid);

#endif
