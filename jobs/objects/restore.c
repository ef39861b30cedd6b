#include "restore.h"

#include <stdlib.h>

#include "base/log.h"
#include "storage/object.h"

struct recall {
    const struct app *app;
    struct object_facts object;
    struct s3_download *download; /* NULL: it has not begun, or has ended */
    struct file_part part;
    recall_done *done;
    void *context;
};

static void free_recall(struct recall *recall)
{
    s3_download_cancel(recall->download);
    file_part_drop(&recall->part);
    free(recall);
}

static bool write_some(void *context, const char *bytes, size_t len)
{
    struct recall *recall = context;
    return file_part_write(&recall->part, bytes, len) == RESULT_OK;
}

static enum result finish(struct recall *recall, enum s3_outcome outcome)
{
    const struct object_facts *object = &recall->object;
    switch (outcome) {
    case S3_OK: break;
    case S3_NOT_FOUND:
        (void)object_lost(recall->app, object->business_id, object->call_sid);
        return RESULT_NOT_FOUND;
    case S3_DIFFERS: return RESULT_INVALID;
    case S3_FAILED: return RESULT_FAILED;
    default: return RESULT_UNAVAILABLE;
    }
    if (file_part_sync(&recall->part) != RESULT_OK) {
        return RESULT_FAILED;
    }
    return file_part_finish_again(&recall->part, object->kind, object->modified_ns);
}

static void on_done(void *context, enum s3_outcome outcome)
{
    struct recall *recall = context;
    const struct object_facts *object = &recall->object;
    recall->download = NULL;
    enum result result = finish(recall, outcome);
    if (result == RESULT_OK) {
        log_event("OBJECT_RECALLED", "business_id=%lld sid=%s bytes=%lld",
                  (long long)object->business_id, object->call_sid, (long long)object->bytes);
    } else {
        log_event("OBJECT_NOT_RECALLED", "business_id=%lld sid=%s reason=%s",
                  (long long)object->business_id, object->call_sid,
                  outcome == S3_OK ? "disk_error" : s3_outcome_name(outcome));
    }
    recall->done(recall->context, result);
    free_recall(recall);
}

/* ---- the beginning ---- */

static enum result ask(struct recall *recall, struct http *http)
{
    const struct object_facts *object = &recall->object;
    char key[S3_KEY_SIZE];
    struct s3_wanted wanted = {
        .key = object_key(object->business_id, object->call_sid, object->kind, key),
        .size = object->bytes,
        .sha256 = object->sha256};
    recall->download =
        s3_download_start(recall->app->s3, http, &wanted, write_some, on_done, recall);
    return recall->download != NULL ? RESULT_OK : RESULT_FAILED;
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
        free_recall(recall);
    }
}
