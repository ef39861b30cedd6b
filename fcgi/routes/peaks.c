/*
 * The waveform of a recording: from this disk, else from the object store. Where it is in neither,
 * a runner is asked for it; where the recording is not to be had yet, the answer is the file
 * route's, and while it arrives the waveform so far is a member of it.
 */
#include "base/magic.h"
#include "handlers.h"
#include "http/remote.h"
#include "http/serve.h"
#include "http/states.h"
#include "recordings/service.h"
#include "runs/queue.h"
#include "storage/object.h"

#define CONTENT_TYPE OBJECT_PEAKS_TYPE "; charset=utf-8"

enum { NS_PER_S = 1000000000 };

struct asked {
    struct magic magic;
    const struct app *app;
    const struct request *request;
    const struct look *look; /* READY */
    struct object_facts object;
};

/* ---- from this disk ---- */

static enum result answer_from_disk(const struct asked *asked, struct response *response)
{
    struct file_facts peaks;
    enum result result = file_peaks_find(asked->app->config, asked->request->caller.business_id,
                                         asked->look->file_sid, &asked->look->file, &peaks);
    return result == RESULT_OK ? serve_document(asked->request, &peaks, CONTENT_TYPE, response)
                               : result;
}

/* ---- from the object store ---- */

static bool add_some(void *context, const char *bytes, size_t len)
{
    struct buf *body = CHECKED(buf, context);
    buf_add(body, bytes, len);
    return buf_ok(body);
}

static enum result fetch(void *context, struct buf *body)
{
    const struct asked *asked = CHECKED(asked, context);
    const struct app *app = asked->app;
    const struct object_facts *object = &asked->object;
    char key[S3_KEY_SIZE];
    struct s3_wanted wanted = {.key = object_peaks_key(object->business_id, object->call_sid, key),
                               .size = object->peaks.bytes,
                               .sha256 = object->peaks.sha256,
                               .timeout_ms = app->config->s3_timeout};
    switch (s3_get(app->s3, &wanted, add_some, body)) {
    case S3_OK: return RESULT_OK;
    case S3_NOT_FOUND:
    case S3_DIFFERS:
        (void)object_peaks_lost(app, object->business_id, object->call_sid);
        return RESULT_NOT_FOUND;
    default: return RESULT_UNAVAILABLE;
    }
}

/* It is of that very recording, and has the entity tag that it has on disk. */
static enum result answer_from_store(struct asked *asked, struct response *response)
{
    const struct look *look = asked->look;
    struct object_facts *object = &asked->object;
    if (asked->app->s3 == NULL ||
        object_find(asked->app, asked->request->caller.business_id, look->file_sid, object) !=
            RESULT_OK ||
        object->modified_ns != look->file.modified_ns || object->peaks.bytes < 0) {
        return RESULT_NOT_FOUND;
    }
    if (object->peaks.bytes == 0) {
        return RESULT_INVALID;
    }
    struct file_facts peaks = {.size = object->peaks.bytes,
                               .modified = object->modified_ns / NS_PER_S,
                               .modified_ns = object->modified_ns};
    return serve_fetched(asked->request, &peaks, CONTENT_TYPE, fetch, asked, response);
}

/* ---- the answer ---- */

static bool answer(struct asked *asked, struct response *response)
{
    enum result result = answer_from_disk(asked, response);
    if (result == RESULT_NOT_FOUND) {
        result = answer_from_store(asked, response);
    }
    if (result == RESULT_INVALID) {
        response_error(response, MESSAGE_NO_PEAKS);
    }
    return result == RESULT_OK || result == RESULT_INVALID;
}

static void answer_wanted(const struct app *app, const struct request *request,
                          const struct look *look, struct response *response)
{
    (void)queue_want_peaks(app, request->caller.business_id, look->file_sid);
    response_json(response, 202, response_message(MESSAGE_PROCESSING));
    response_header_int(response, "Retry-After", (app->config->retry_after + 999) / 1000);
}

/* While the recording arrives, its waveform so far comes with the answer. */
static void answer_arriving(const struct app *app, const struct request *request,
                            const struct look *look, struct response *response)
{
    struct buf waveform;
    buf_init(&waveform, RESPONSE_BODY_MAX / 2);
    if (queue_waveform(app, request->caller.business_id, look->facts.source_sid, &waveform) ==
            RESULT_OK &&
        buf_ok(&waveform)) {
        response_json_member(response, "peaks", buf_str(&waveform));
    }
    buf_free(&waveform);
}

/* Nobody is asked to make it of a recording that the store does not give. */
void handle_peaks(const struct app *app, struct request *request, struct response *response)
{
    struct look look;
    struct asked asked = {.magic = MAGIC(asked), .app = app, .request = request, .look = &look};
    int64_t business_id = request->caller.business_id;
    if (request->caller.of_part) { /* it would show all of the recording */
        response_error(response, MESSAGE_NO_PEAKS);
        return;
    }
    enum result result = service_request(app, business_id, request->call_sid, &look);
    if (result == RESULT_OK && look.state == STATE_READY) {
        if (answer(&asked, response)) {
            return;
        }
        result = remote_confirm(app, business_id, request->call_sid, &look);
    }
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
    } else if (look.state == STATE_READY) {
        answer_wanted(app, request, &look, response);
    } else {
        states_answer(&look, response);
        if (look.state == STATE_PROCESSING && look.bytes_received > 0) {
            answer_arriving(app, request, &look, response);
        }
    }
}
