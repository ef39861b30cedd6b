#include "restore.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/magic.h"
#include "storage/object.h"

struct restore {
    struct magic magic;
    const struct app *app;
    struct object_facts object;
    struct s3_download *download; /* NULL: it has not begun, or has ended */
    struct file_part part;
    restore_done *done;
    void *context;
};

static void free_restore(struct restore *restore)
{
    s3_download_cancel(restore->download);
    file_part_drop(&restore->part);
    free(restore);
}

static bool write_some(void *context, const char *bytes, size_t len)
{
    struct restore *restore = CHECKED(restore, context);
    return file_part_write(&restore->part, bytes, len) == RESULT_OK;
}

static enum result finish(struct restore *restore, enum s3_outcome outcome)
{
    const struct object_facts *object = &restore->object;
    switch (outcome) {
    case S3_OK: break;
    case S3_NOT_FOUND:
        (void)object_lost(restore->app, object->business_id, object->call_sid);
        return RESULT_NOT_FOUND;
    case S3_DIFFERS: return RESULT_INVALID;
    case S3_FAILED: return RESULT_FAILED;
    default: return RESULT_UNAVAILABLE;
    }
    if (file_part_sync(&restore->part) != RESULT_OK) {
        return RESULT_FAILED;
    }
    return file_part_finish_again(&restore->part, object->kind, object->modified_ns);
}

static void on_done(void *context, enum s3_outcome outcome)
{
    struct restore *restore = CHECKED(restore, context);
    const struct object_facts *object = &restore->object;
    restore->download = NULL;
    enum result result = finish(restore, outcome);
    if (result == RESULT_OK) {
        log_event("OBJECT_RECALLED", "business_id=%lld sid=%s bytes=%lld",
                  (long long)object->business_id, object->call_sid, (long long)object->bytes);
    } else {
        log_event("OBJECT_NOT_RECALLED", "business_id=%lld sid=%s reason=%s",
                  (long long)object->business_id, object->call_sid,
                  outcome == S3_OK ? "disk_error" : s3_outcome_name(outcome));
    }
    restore->done(restore->context, result);
    free_restore(restore);
}

/* ---- the beginning ---- */

static enum result ask(struct restore *restore, struct http *http)
{
    const struct object_facts *object = &restore->object;
    char key[S3_KEY_SIZE];
    struct s3_wanted wanted = {
        .key = object_key(object->business_id, object->call_sid, object->kind, key),
        .size = object->bytes,
        .sha256 = object->sha256};
    restore->download =
        s3_download_start(restore->app->s3, http, &wanted, write_some, on_done, restore);
    return restore->download != NULL ? RESULT_OK : RESULT_FAILED;
}

enum result restore_start(const struct app *app, struct http *http, int64_t business_id,
                          const char *call_sid, restore_done *done, void *context,
                          struct restore **out)
{
    struct restore *restore = app->s3 != NULL ? calloc(1, sizeof *restore) : NULL;
    if (restore == NULL) {
        return app->s3 != NULL ? RESULT_FAILED : RESULT_NOT_FOUND;
    }
    *restore = (struct restore){.magic = MAGIC(restore),
                                .app = app,
                                .part = {.fd = -1, .dir_fd = -1},
                                .done = done,
                                .context = context};
    enum result result = object_find(app, business_id, call_sid, &restore->object);
    if (result == RESULT_OK) {
        result = file_part_open(app->config, business_id, call_sid, &restore->part);
    }
    if (result == RESULT_OK) {
        result = ask(restore, http);
    }
    if (result != RESULT_OK) {
        free_restore(restore);
        return result;
    }
    *out = restore;
    return RESULT_OK;
}

void restore_drop(struct restore *restore)
{
    if (restore != NULL) {
        free_restore(restore);
    }
}
