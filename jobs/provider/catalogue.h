/*
 * The provider's list of an account's recordings, a page at a time (twilio/listing.h).
 */
#ifndef TAPEDECK_JOBS_PROVIDER_CATALOGUE_H
#define TAPEDECK_JOBS_PROVIDER_CATALOGUE_H

#include "app.h"
#include "base/result.h"
#include "clients/http.h"
#include "twilio/listing.h"

struct catalogue {
    const struct app *app;
    const char *command; /* who asks, for the line on stderr */
    const char *account;
    struct http *http;
};

/* Fetches a page and visits its entries; `next` as in listing_read. RESULT_INVALID when there is no
 * such page, or it makes no sense, RESULT_FAILED when it could not be fetched now: a line on stderr
 * says what the provider answered. */
enum result catalogue_page(const struct catalogue *catalogue, const char *uri,
                           listing_visitor *visit, void *context, char *next);

#endif
