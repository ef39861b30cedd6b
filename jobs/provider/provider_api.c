#include "provider_api.h"

#include <stdio.h>

#include "base/magic.h"
#include "twilio/listing.h"
#include "twilio/media.h"

enum { POLL_MS = 1000, URL_SIZE = LISTING_URI_SIZE + 512 };

struct asking {
    struct magic magic;
    struct provider_api_answer *answer;
    bool done;
};

static bool keep_body(void *context, const struct http_answer *answer, const char *bytes,
                      size_t len)
{
    struct asking *asking = CHECKED(asking, context);
    (void)answer;
    buf_add(&asking->answer->body, bytes, len);
    return buf_ok(&asking->answer->body);
}

static void note_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct asking *asking = CHECKED(asking, context);
    asking->done = true;
    asking->answer->outcome = outcome;
    asking->answer->status = answer->status;
}

static enum result ask(struct http *http, struct http_request *request, const char *password,
                       struct asking *asking)
{
    static const struct http_events EVENTS = {.on_body = keep_body, .on_done = note_done};
    struct http_transfer *transfer;
    request->password = password;
    asking->done = false;
    buf_clear(&asking->answer->body);
    enum result result = http_start(http, request, &EVENTS, asking, &transfer);
    while (result == RESULT_OK && !asking->done) {
        result = http_poll(http, NULL, 0, POLL_MS);
    }
    return result;
}

enum result provider_api_request(const struct app *app, struct http *http, const char *account,
                                 enum http_method method, const char *uri, size_t body_max,
                                 struct provider_api_answer *answer)
{
    const struct config *config = app->config;
    struct credential credential = credentials_of(app->credentials, account);
    struct asking asking = {.magic = MAGIC(asking), .answer = answer};
    char url[URL_SIZE];
    *answer = (struct provider_api_answer){.status = 0};
    buf_init(&answer->body, body_max);
    int n = snprintf(url, sizeof url, "%s%s", credential.api_base, uri);
    if (n < 0 || n >= URL_SIZE) {
        return RESULT_TOO_BIG;
    }
    struct http_request request = {
        .url = url,
        .method = method,
        .user = credential.user,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->stall_timeout,
        .total_timeout_ms = config->transfer_timeout,
        .public_only = media_base_is_twilio(credential.api_base),
    };
    enum result result = ask(http, &request, credential.password, &asking);
    if (result == RESULT_OK && answer->status == 401 && credential.other_password != NULL) {
        result = ask(http, &request, credential.other_password, &asking);
    }
    return result;
}

void provider_api_free(struct provider_api_answer *answer)
{
    buf_free(&answer->body);
}
