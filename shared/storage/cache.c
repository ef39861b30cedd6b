#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "inventory.h"
#include "object.h"

/* As many at most, each time; more than a minute brings in. */
enum { CANDIDATES_MAX = 8192 };

void cache_played(const struct config *config, const struct file_facts *file)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_OMIT}};
    if (config->cache_max_bytes > 0 && file->path[0] != '\0') {
        (void)utimensat(AT_FDCWD, file->path, times, AT_SYMLINK_NOFOLLOW);
    }
}

/* ---- may it go? ---- */

/* A write lease is given only on a file that nobody else has open (fcntl(2), F_SETLEASE); it is
 * given back at once. Should somebody open the file in between, the signal is one that does no
 * harm. A filesystem that knows no leases cannot tell. */
static bool is_open(int fd)
{
    (void)fcntl(fd, F_SETSIG, SIGURG);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0) {
        return errno == EAGAIN;
    }
    (void)fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
}

static bool is_played(const struct file_facts *file)
{
    struct stat st;
    int fd = file_open_quietly(file);
    if (fd < 0) {
        return true;
    }
    bool played =
        fstat(fd, &st) != 0 || clock_wall() - st.st_atime < CACHE_PLAYING_S || is_open(fd);
    close(fd);
    return played;
}

/* The very bytes: the row is of this file, and the store has as many. */
static enum result is_stored(const struct app *app, int64_t business_id, const char *call_sid,
                             const struct file_facts *file)
{
    struct object_facts object;
    struct s3_facts there;
    char key[S3_KEY_SIZE];
    if (app->s3 == NULL) {
        return RESULT_NOT_FOUND;
    }
    enum result result = object_find(app, business_id, call_sid, &object);
    if (result != RESULT_OK) {
        return result;
    }
    if (!object_is_of(&object, file)) {
        return RESULT_NOT_FOUND;
    }
    enum s3_outcome outcome =
        s3_head(app->s3, object_key(business_id, call_sid, object.kind, key), 0, &there);
    if (outcome == S3_NOT_FOUND || (outcome == S3_OK && there.size != file->size)) {
        (void)object_lost(app, business_id, call_sid);
        return RESULT_NOT_FOUND;
    }
    return outcome == S3_OK ? RESULT_OK : RESULT_UNAVAILABLE;
}

enum result cache_remove(const struct app *app, int64_t business_id, const char *call_sid)
{
    struct file_facts file;
    if (file_find(app->config, business_id, call_sid, &file) != RESULT_OK) {
        return RESULT_OK;
    }
    if (is_played(&file)) {
        return RESULT_LOST;
    }
    enum result result = is_stored(app, business_id, call_sid, &file);
    if (result == RESULT_OK && unlink(file.path) != 0 && errno != ENOENT) {
        result = RESULT_FAILED;
    }
    return result;
}

/* ---- which ones ---- */

struct candidates {
    struct magic magic;
    struct inventory_entry *entries; /* those played longest ago, at most CANDIDATES_MAX */
    size_t count;
    int64_t bytes; /* of all there is */
};

static int by_played(const void *a, const void *b)
{
    const struct inventory_entry *one = a, *other = b;
    return (one->played_at > other->played_at) - (one->played_at < other->played_at);
}

static void sort(struct candidates *c)
{
    qsort(c->entries, c->count, sizeof *c->entries, by_played);
}

/* When there is no more room, the half that was played last is forgotten. */
static void meet(void *context, const struct inventory_entry *entry)
{
    struct candidates *c = CHECKED(candidates, context);
    c->bytes += entry->bytes;
    if (c->count == CANDIDATES_MAX) {
        sort(c);
        c->count = CANDIDATES_MAX / 2;
    }
    c->entries[c->count++] = *entry;
}

/* A waveform can be made again, so the store is not asked for it. */
static enum result remove_entry(const struct app *app, const struct inventory_entry *entry)
{
    if (entry->is_recording) {
        return cache_remove(app, entry->business_id, entry->call_sid);
    }
    return clock_wall() - entry->played_at < CACHE_PLAYING_S
               ? RESULT_LOST
               : file_peaks_remove(app->config, entry->business_id, entry->call_sid);
}

/* A store that does not answer for one does not answer for the next. */
static enum result remove_some(const struct app *app, struct candidates *c,
                               struct cache_counts *counts)
{
    for (size_t i = 0; i < c->count && c->bytes > app->config->cache_max_bytes; i++) {
        const struct inventory_entry *entry = &c->entries[i];
        enum result result = remove_entry(app, entry);
        if (result == RESULT_UNAVAILABLE || result == RESULT_FAILED) {
            return result;
        }
        if (result == RESULT_OK) {
            c->bytes -= entry->bytes;
            counts->removed++;
        }
    }
    return RESULT_OK;
}

enum result cache_trim(const struct app *app, struct cache_counts *counts)
{
    struct candidates c = {.magic = MAGIC(candidates), .count = 0};
    *counts = (struct cache_counts){0};
    if (app->config->cache_max_bytes == 0) {
        return RESULT_OK;
    }
    c.entries = malloc(CANDIDATES_MAX * sizeof *c.entries);
    if (c.entries == NULL) {
        return RESULT_FAILED;
    }
    enum result result = inventory_each(app->config, meet, &c);
    sort(&c);
    if (result == RESULT_OK) {
        result = remove_some(app, &c, counts);
    }
    counts->bytes = c.bytes;
    free(c.entries);
    return result;
}
