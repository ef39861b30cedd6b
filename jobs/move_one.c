#include "move_one.h"

#include <string.h>
#include <unistd.h>

#include "recordings/cache.h"
#include "recordings/retention.h"

/* ---- up ---- */

static enum move_outcome outcome_of(enum s3_outcome outcome, const char **why)
{
    *why = s3_outcome_name(outcome);
    switch (outcome) {
    case S3_OK: return MOVE_DONE;
    case S3_DENIED:
    case S3_REFUSED:
    case S3_UNAVAILABLE: return MOVE_STOP;
    default: return MOVE_FAILED;
    }
}

static enum move_outcome of_database(enum result result, const char **why)
{
    *why = "postgresql";
    return result == RESULT_OK ? MOVE_DONE : MOVE_STOP;
}

static enum move_outcome put(const struct app *app, int64_t business_id, const char *call_sid,
                             const struct file_facts *file, const char **why)
{
    char key[S3_KEY_SIZE];
    struct s3_stored stored;
    struct s3_order order = {.key = object_key(business_id, call_sid, file->kind, key),
                             .content_type = audio_content_type(file->kind),
                             .fd = file_open_quietly(file)};
    if (order.fd < 0) {
        *why = "file";
        return MOVE_FAILED;
    }
    enum move_outcome outcome = outcome_of(s3_put(app->s3, &order, &stored), why);
    close(order.fd);
    if (outcome != MOVE_DONE) {
        return outcome;
    }
    enum result result = object_stored(app, business_id, call_sid, file, &stored);
    if (result == RESULT_LOST) { /* deleted meanwhile */
        (void)s3_delete(app->s3, key);
        return MOVE_NOBODY;
    }
    return of_database(result, why);
}

static bool is_there(const struct app *app, int64_t business_id, const char *call_sid,
                     const struct file_facts *file)
{
    struct object_facts object;
    return object_find(app, business_id, call_sid, &object) == RESULT_OK &&
           object_is_of(&object, file);
}

static enum move_outcome take_off(const struct app *app, int64_t business_id, const char *call_sid,
                                  const char **why)
{
    switch (cache_remove(app, business_id, call_sid)) {
    case RESULT_OK: return MOVE_DONE;
    case RESULT_LOST: *why = "playing"; return MOVE_STAYS;
    case RESULT_UNAVAILABLE: *why = "unavailable"; return MOVE_STOP;
    default: *why = "not_stored"; return MOVE_FAILED;
    }
}

enum move_outcome move_to_store(const struct app *app, int64_t business_id, const char *call_sid,
                                bool keep, const char **why)
{
    struct file_facts file;
    enum move_outcome outcome = MOVE_DONE;
    if (file_find(app->config, business_id, call_sid, &file) != RESULT_OK) {
        return MOVE_DONE;
    }
    enum result orphan = retention_is_orphan(app, business_id, call_sid);
    if (orphan == RESULT_OK) {
        return MOVE_NOBODY;
    }
    if (orphan != RESULT_EXISTS) {
        return of_database(orphan, why);
    }
    if (!is_there(app, business_id, call_sid, &file)) {
        outcome = put(app, business_id, call_sid, &file, why);
    }
    return outcome == MOVE_DONE && !keep ? take_off(app, business_id, call_sid, why) : outcome;
}

/* ---- down ---- */

static bool write_some(void *context, const char *bytes, size_t len)
{
    return file_part_write(context, bytes, len) == RESULT_OK;
}

static enum move_outcome finish(struct file_part *part, const struct object_facts *object,
                                const char *sha256, const char **why)
{
    *why = "differs";
    if (part->size != object->bytes || strcmp(sha256, object->sha256) != 0) {
        file_part_drop(part);
        return MOVE_FAILED;
    }
    *why = "disk";
    if (file_part_sync(part) != RESULT_OK) {
        file_part_drop(part);
        return MOVE_STOP;
    }
    return file_part_finish_again(part, object->kind, object->modified_ns) == RESULT_OK ? MOVE_DONE
                                                                                        : MOVE_STOP;
}

static enum move_outcome get(const struct app *app, const struct object_facts *object,
                             const char **why)
{
    struct file_part part;
    char key[S3_KEY_SIZE], sha256[CRYPTO_SHA256_HEX];
    enum result result = file_part_open(app->config, object->business_id, object->call_sid, &part);
    if (result != RESULT_OK) {
        *why = result == RESULT_LOST ? "locked" : "disk";
        return result == RESULT_LOST ? MOVE_FAILED : MOVE_STOP;
    }
    (void)object_key(object->business_id, object->call_sid, object->kind, key);
    enum s3_outcome got = s3_get(app->s3, key, write_some, &part, sha256);
    if (got == S3_OK) {
        return finish(&part, object, sha256, why);
    }
    file_part_drop(&part);
    if (got == S3_NOT_FOUND) {
        (void)object_lost(app, object->business_id, object->call_sid);
    }
    enum move_outcome outcome = outcome_of(got, why);
    return got == S3_FAILED ? MOVE_STOP : outcome;
}

enum move_outcome move_to_disk(const struct app *app, const struct object_facts *object, bool keep,
                               const char **why)
{
    struct file_facts file;
    enum move_outcome outcome = MOVE_DONE;
    bool here = file_find(app->config, object->business_id, object->call_sid, &file) == RESULT_OK &&
                object_is_of(object, &file);
    if (!here) {
        outcome = get(app, object, why);
    }
    if (outcome != MOVE_DONE || keep) {
        return outcome;
    }
    enum result result = object_remove(app, object->business_id, object->call_sid);
    *why = "not_deleted";
    return result == RESULT_OK ? MOVE_DONE : MOVE_STOP;
}
