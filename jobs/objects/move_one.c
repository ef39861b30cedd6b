#include "move_one.h"

#include <string.h>
#include <unistd.h>

#include "base/magic.h"
#include "storage/cache.h"
#include "storage/retention.h"

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

struct up {
    const struct app *app;
    int64_t business_id;
    const char *call_sid;
    struct file_facts file;
    struct object_peaks peaks; /* as the store has them */
    const char **why;
};

static enum s3_outcome put(const struct app *app, const char *key, const char *content_type,
                           const struct file_facts *file, struct s3_stored *stored)
{
    struct s3_order order = {
        .key = key, .content_type = content_type, .fd = file_open_quietly(file)};
    if (order.fd < 0) {
        return S3_FAILED;
    }
    enum s3_outcome outcome = s3_put(app->s3, &order, stored);
    close(order.fd);
    return outcome;
}

/* One that does not get there stays here, and is made again where somebody wants to see it. */
static void put_peaks(struct up *up)
{
    char key[S3_KEY_SIZE];
    struct file_facts here;
    struct s3_stored stored;
    const char *name = object_peaks_key(up->business_id, up->call_sid, key);
    switch (file_peaks_find(up->app->config, up->business_id, up->call_sid, &up->file, &here)) {
    case RESULT_OK:
        if (put(up->app, name, OBJECT_PEAKS_TYPE, &here, &stored) == S3_OK) {
            up->peaks.bytes = stored.size;
            memcpy(up->peaks.sha256, stored.sha256, sizeof up->peaks.sha256);
        }
        break;
    case RESULT_INVALID: up->peaks.bytes = 0; break;
    default: break;
    }
}

static enum move_outcome put_both(struct up *up)
{
    char key[S3_KEY_SIZE];
    struct s3_stored stored;
    (void)object_key(up->business_id, up->call_sid, up->file.kind, key);
    enum move_outcome outcome = outcome_of(
        put(up->app, key, audio_content_type(up->file.kind), &up->file, &stored), up->why);
    if (outcome != MOVE_DONE) {
        return outcome;
    }
    put_peaks(up);
    enum result result =
        object_stored(up->app, up->business_id, up->call_sid, &up->file, &stored, &up->peaks);
    if (result == RESULT_LOST) { /* deleted meanwhile */
        (void)object_erase(up->app, up->business_id, up->call_sid);
        return MOVE_NOBODY;
    }
    return of_database(result, up->why);
}

/* The recording is there; its waveform perhaps not. */
static enum move_outcome put_rest(struct up *up)
{
    char key[S3_KEY_SIZE];
    if (up->peaks.bytes >= 0) {
        return MOVE_DONE;
    }
    put_peaks(up);
    if (up->peaks.bytes < 0) {
        return MOVE_DONE;
    }
    enum result result = object_peaks_stored(up->app, up->business_id, up->call_sid,
                                             up->file.modified_ns, &up->peaks);
    if (result == RESULT_LOST) {
        (void)s3_delete(up->app->s3, object_peaks_key(up->business_id, up->call_sid, key));
        return MOVE_NOBODY;
    }
    return of_database(result, up->why);
}

static bool is_there(struct up *up)
{
    struct object_facts object;
    if (object_find(up->app, up->business_id, up->call_sid, &object) != RESULT_OK ||
        !object_is_of(&object, &up->file)) {
        return false;
    }
    up->peaks = object.peaks;
    return true;
}

static enum move_outcome take_off(const struct up *up)
{
    switch (cache_remove(up->app, up->business_id, up->call_sid)) {
    case RESULT_OK: break;
    case RESULT_LOST: *up->why = "playing"; return MOVE_STAYS;
    case RESULT_UNAVAILABLE: *up->why = "unavailable"; return MOVE_STOP;
    default: *up->why = "not_stored"; return MOVE_FAILED;
    }
    if (up->peaks.bytes >= 0) {
        (void)file_peaks_remove(up->app->config, up->business_id, up->call_sid);
    }
    return MOVE_DONE;
}

enum move_outcome move_to_store(const struct app *app, int64_t business_id, const char *call_sid,
                                bool keep, const char **why)
{
    struct up up = {.app = app,
                    .business_id = business_id,
                    .call_sid = call_sid,
                    .peaks = {.bytes = -1},
                    .why = why};
    if (file_find(app->config, business_id, call_sid, &up.file) != RESULT_OK) {
        return MOVE_DONE;
    }
    enum retention_owner owner = RETENTION_KEPT;
    enum result asked = retention_whose(app, business_id, call_sid, &owner);
    if (asked != RESULT_OK) {
        return of_database(asked, why);
    }
    if (owner != RETENTION_KEPT) {
        return MOVE_NOBODY;
    }
    enum move_outcome outcome = is_there(&up) ? put_rest(&up) : put_both(&up);
    return outcome == MOVE_DONE && !keep ? take_off(&up) : outcome;
}

/* ---- down ---- */

struct writing {
    struct magic magic;
    struct file_part *part;
};

static bool write_some(void *context, const char *bytes, size_t len)
{
    const struct writing *writing = CHECKED(writing, context);
    return file_part_write(writing->part, bytes, len) == RESULT_OK;
}

static enum move_outcome finish(struct file_part *part, const struct object_facts *object,
                                const char **why)
{
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
    struct writing writing = {.magic = MAGIC(writing), .part = &part};
    char key[S3_KEY_SIZE];
    enum result result = file_part_open(app->config, object->business_id, object->call_sid, &part);
    if (result != RESULT_OK) {
        *why = result == RESULT_LOST ? "locked" : "disk";
        return result == RESULT_LOST ? MOVE_FAILED : MOVE_STOP;
    }
    struct s3_wanted wanted = {
        .key = object_key(object->business_id, object->call_sid, object->kind, key),
        .size = object->bytes,
        .sha256 = object->sha256};
    enum s3_outcome got = s3_get(app->s3, &wanted, write_some, &writing);
    if (got == S3_OK) {
        return finish(&part, object, why);
    }
    file_part_drop(&part);
    if (got == S3_NOT_FOUND) {
        (void)object_lost(app, object->business_id, object->call_sid);
    }
    enum move_outcome outcome = outcome_of(got, why);
    return got == S3_FAILED ? MOVE_STOP : outcome;
}

static bool has_peaks(const struct app *app, const struct object_facts *object)
{
    struct file_facts recording = {.modified_ns = object->modified_ns}, there;
    return file_peaks_find(app->config, object->business_id, object->call_sid, &recording,
                           &there) != RESULT_NOT_FOUND;
}

/* One that does not come is made again where somebody wants to see it. */
static void get_peaks(const struct app *app, const struct object_facts *object)
{
    struct file_part part;
    struct writing writing = {.magic = MAGIC(writing), .part = &part};
    char key[S3_KEY_SIZE];
    struct s3_wanted wanted = {.key = object_peaks_key(object->business_id, object->call_sid, key),
                               .size = object->peaks.bytes,
                               .sha256 = object->peaks.sha256};
    if (wanted.size < 0 || has_peaks(app, object) ||
        file_peaks_open(app->config, object->business_id, object->call_sid, &part) != RESULT_OK) {
        return;
    }
    bool whole = wanted.size == 0 || s3_get(app->s3, &wanted, write_some, &writing) == S3_OK;
    if (whole && file_part_sync(&part) == RESULT_OK) {
        (void)file_peaks_finish(&part, object->modified_ns);
    } else {
        file_part_drop(&part);
    }
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
    if (outcome == MOVE_DONE) {
        get_peaks(app, object);
    }
    if (outcome != MOVE_DONE || keep) {
        return outcome;
    }
    enum result result = object_remove(app, object->business_id, object->call_sid);
    *why = "not_deleted";
    return result == RESULT_OK ? MOVE_DONE : MOVE_STOP;
}
