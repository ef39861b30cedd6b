#include "catalogue.h"

#include <stdio.h>

#include "provider_api.h"

/* A page that the provider does not have any more is no fault of the moment. */
static enum result judge_page(const struct catalogue *c, const struct provider_api_answer *page)
{
    bool gone = page->status == 400 || page->status == 404 || page->status == 410;
    if (page->outcome == HTTP_COMPLETE && page->status == 200) {
        return RESULT_OK;
    }
    fprintf(stderr, "tapedeck: %s: the provider answered %ld (%s)\n", c->command, page->status,
            http_outcome_name(page->outcome));
    return page->outcome == HTTP_COMPLETE && gone ? RESULT_INVALID : RESULT_FAILED;
}

enum result catalogue_page(const struct catalogue *c, const char *uri, listing_visitor *visit,
                           void *context, char *next)
{
    struct provider_api_answer page = {.status = 0};
    enum result result =
        provider_api_request(c->app, c->http, c->account, HTTP_GET, uri, LISTING_PAGE_MAX, &page);
    if (result == RESULT_OK) {
        result = judge_page(c, &page);
    }
    if (result == RESULT_OK) {
        result = listing_read(buf_str(&page.body), page.body.len, c->account, visit, context, next);
        if (result == RESULT_INVALID) {
            fprintf(stderr, "tapedeck: %s: the provider's list makes no sense\n", c->command);
        }
    }
    provider_api_free(&page);
    return result;
}
