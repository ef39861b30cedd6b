#include "recall.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "clients/crypto.h"
#include "recordings/object.h"

enum { LINK_TTL_S = 3600 };

struct recall {
    const struct app *app;
    struct object_facts object;
    struct http_transfer *transfer;
    struct file_part part;
    struct crypto_digest *digest;
    recall_done *done; /* NULL: nobody wants to know */
    void *context;
};

static void free_recall(struct recall *recall)
{
    file_part_drop(&recall->part);
    crypto_digest_free(recall->digest);
    free(recall);
}

/* ---- the bytes ---- */

/* What an error page says is read, and forgotten. */
static bool on_body(void *context, const struct http_answer *answer, const char *bytes, size_t len)
{
    struct recall *recall = context;
    return answer->status != 200 || (recall->part.size + (int64_t)len <= recall->object.bytes &&
                                     file_part_write(&recall->part, bytes, len) == RESULT_OK &&
                                     crypto_digest_add(recall->digest, bytes, len));
}

static bool is_whole(const struct recall *recall)
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    if (recall->part.size != recall->object.bytes || !crypto_digest_end(recall->digest, sum)) {
        return false;
    }
    text_hex(sum, sizeof sum, hex);
    return strcmp(hex, recall->object.sha256) == 0;
}

static enum result finish(struct recall *recall, enum http_outcome outcome, long status)
{
    const struct object_facts *object = &recall->object;
    if (outcome == HTTP_COMPLETE && status == 404) {
        (void)object_lost(recall->app, object->business_id, object->call_sid);
        return RESULT_NOT_FOUND;
    }
    if (outcome != HTTP_COMPLETE || status != 200) {
        return RESULT_UNAVAILABLE;
    }
    if (!is_whole(recall) || file_part_sync(&recall->part) != RESULT_OK) {
        return RESULT_FAILED;
    }
    return file_part_finish_again(&recall->part, object->kind, object->modified_ns);
}

static void on_done(void *context, enum http_outcome outcome, const struct http_answer *answer)
{
    struct recall *recall = context;
    const struct object_facts *object = &recall->object;
    if (recall->done != NULL) {
        enum result result = finish(recall, outcome, answer->status);
        log_event(result == RESULT_OK ? "OBJECT_RECALLED" : "OBJECT_NOT_RECALLED",
                  "business_id=%lld sid=%s status=%ld bytes=%lld", (long long)object->business_id,
                  object->call_sid, answer->status, (long long)recall->part.size);
        recall->done(recall->context, result);
    }
    free_recall(recall);
}

/* ---- the beginning ---- */

static enum result ask(struct recall *recall, struct http *http)
{
    static const struct http_events EVENTS = {.on_body = on_body, .on_done = on_done};
    const struct app *app = recall->app;
    const struct object_facts *object = &recall->object;
    char key[S3_KEY_SIZE], url[S3_URL_SIZE];
    struct s3_link link = {.key =
                               object_key(object->business_id, object->call_sid, object->kind, key),
                           .content_type = audio_content_type(object->kind),
                           .disposition = "inline",
                           .now = clock_wall(),
                           .ttl_s = LINK_TTL_S};
    struct http_request request = {.url = url,
                                   .connect_timeout_ms = app->config->connect_timeout,
                                   .stall_timeout_ms = app->config->stall_timeout,
                                   .total_timeout_ms = app->config->transfer_timeout};
    enum result result = s3_link(app->s3, &link, url);
    return result == RESULT_OK ? http_start(http, &request, &EVENTS, recall, &recall->transfer)
                               : result;
}

enum result recall_start(const struct app *app, struct http *http, int64_t business_id,
                         const char *call_sid, recall_done *done, void *context,
                         struct recall **out)
{
    struct recall *recall = app->s3 != NULL ? calloc(1, sizeof *recall) : NULL;
    if (recall == NULL) {
        return app->s3 != NULL ? RESULT_FAILED : RESULT_NOT_FOUND;
    }
    *recall = (struct recall){
        .app = app, .part = {.fd = -1, .dir_fd = -1}, .done = done, .context = context};
    enum result result = object_find(app, business_id, call_sid, &recall->object);
    if (result == RESULT_OK) {
        recall->digest = crypto_digest_new(CRYPTO_SHA256);
        result = recall->digest != NULL ? RESULT_OK : RESULT_FAILED;
    }
    if (result == RESULT_OK) {
        result = file_part_open(app->config, business_id, call_sid, &recall->part);
    }
    if (result == RESULT_OK) {
        result = ask(recall, http);
    }
    if (result != RESULT_OK) {
        free_recall(recall);
        return result;
    }
    *out = recall;
    return RESULT_OK;
}

void recall_drop(struct recall *recall)
{
    if (recall != NULL) {
        recall->done = NULL;
        http_cancel(recall->transfer);
    }
}
