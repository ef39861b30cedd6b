#include "provider_api.h"

#include "base/magic.h"
#include "twilio/media.h"

enum { POLL_MS = 1000 };

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

enum result provider_api_request(const struct app *app, struct http *http, const char *account,
                                 enum http_method method, const char *url, size_t body_max,
                                 struct provider_api_answer *answer)
{
    static const struct http_events EVENTS = {.on_body = keep_body, .on_done = note_done};
    const struct config *config = app->config;
    struct credential credential = credentials_of(app->credentials, account);
    struct asking asking = {.magic = MAGIC(asking), .answer = answer};
    struct http_transfer *transfer;
    struct http_request request = {
        .url = url,
        .method = method,
        .user = credential.user,
        .password = credential.password,
        .connect_timeout_ms = config->connect_timeout,
        .stall_timeout_ms = config->stall_timeout,
        .total_timeout_ms = config->transfer_timeout,
        .public_only = media_base_is_twilio(config->twilio_api_base),
    };
    *answer = (struct provider_api_answer){.status = 0};
    buf_init(&answer->body, body_max);
    enum result result = http_start(http, &request, &EVENTS, &asking, &transfer);
    while (result == RESULT_OK && !asking.done) {
        result = http_poll(http, NULL, 0, POLL_MS);
    }
    return result;
}

void provider_api_free(struct provider_api_answer *answer)
{
    buf_free(&answer->body);
}
