/*
 * tapedeck retain [--dry-run] [--all]
 *
 * Deletes the recordings whose time is over, what is left of others that are deleted or moved,
 * files and objects that are nobody's, and folders that are empty; with RETENTION_AT_TWILIO the
 * provider's copies as well; and rows of our own whose time is over. What was said in a call stays.
 * Nothing goes in a night in which too much would, unless --all says that this is meant.
 *
 * Each recording is marked first and deleted then, and what is marked is deleted whenever it is
 * met: a run that is killed leaves nothing that the next one does not finish. Safe to run at any
 * time, beside everything else.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/magic.h"
#include "commands.h"
#include "disk_tour.h"
#include "objects/bucket_tour.h"
#include "options.h"
#include "provider/retain_provider.h"
#include "retain_rows.h"
#include "storage/file.h"
#include "storage/inventory.h"
#include "storage/object.h"
#include "storage/orphan.h"
#include "storage/retention.h"

enum {
    PAGE = 500,
    PAGES_MAX = 100000,
    TOUR_PAGES = 20, /* a night: of 2,000,000 objects all are seen in 200 nights */
};

struct retain {
    struct magic magic;
    const struct app *app;
    bool dry_run, all;
    struct retention_night night;
    int64_t calls, bytes, failed; /* of those that were due */
    bool no_store;                /* there are objects, and no store is configured */
    bool store_failed;            /* just now: it is not asked again tonight */
    int64_t left;                 /* in a dry run: only at the provider's, and to go there */
    struct retain_provider_counts at_provider;
    struct disk_tour_counts disk;
    struct bucket_tour_counts bucket;
    enum result result; /* the first that is not well */
};

static void note(struct retain *r, enum result result)
{
    if (r->result == RESULT_OK) {
        r->result = result;
    }
}

/* ---- what is due ---- */

struct line {
    int64_t business_id;
    const char *call_sid, *called_at, *expired_at, *from;
    int64_t bytes;
};

static void show(const struct line *line)
{
    printf("%-12lld %-34s %-10.10s  %-10.10s %12lld  %s\n", (long long)line->business_id,
           line->call_sid, line->called_at, line->expired_at, (long long)line->bytes, line->from);
}

enum { FROM_SIZE = 32 };

/* Where its copies are, and how large one is. */
static int64_t describe(const struct retain *r, const struct retention_due *due,
                        char from[FROM_SIZE])
{
    struct file_facts file = {.size = 0};
    struct object_facts object = {.bytes = 0};
    const struct app *app = r->app;
    bool here = file_find(app->config, due->business_id, due->call_sid, &file) == RESULT_OK;
    bool there = object_find(app, due->business_id, due->call_sid, &object) == RESULT_OK;
    (void)snprintf(from, FROM_SIZE, "disk%s%s", there ? ",object" : "",
                   app->config->retention_at_twilio ? ",twilio" : "");
    return here ? file.size : object.bytes;
}

/* Its row stays where the store does not delete, and is met again the next time. */
static enum result delete_object(struct retain *r, int64_t business_id, const char *name)
{
    enum result result = r->store_failed ? RESULT_FAILED : object_remove(r->app, business_id, name);
    r->no_store = r->no_store || result == RESULT_DENIED;
    r->store_failed = r->store_failed || result == RESULT_FAILED;
    return result == RESULT_DENIED ? RESULT_FAILED : result;
}

/* Both are tried, whatever becomes of the other. */
static enum result delete_copies(struct retain *r, int64_t business_id, const char *name,
                                 int64_t *bytes)
{
    enum result files = inventory_remove(r->app->config, business_id, name, bytes);
    enum result object = delete_object(r, business_id, name);
    return files != RESULT_OK ? files : object;
}

static void delete_due(struct retain *r, const struct retention_due *due)
{
    int64_t bytes;
    enum result result = retention_mark(r->app, due->business_id, due->call_sid);
    if (result == RESULT_LOST) {
        return;
    }
    if (result == RESULT_OK) {
        result = delete_copies(r, due->business_id, due->call_sid, &bytes);
    }
    if (result != RESULT_OK) {
        r->failed++;
        note(r, result);
        return;
    }
    r->calls++;
    r->bytes += bytes;
    log_event("RECORDING_DELETED", "business_id=%lld sid=%s bytes=%lld",
              (long long)due->business_id, due->call_sid, (long long)bytes);
}

static void meet_due(void *context, const struct retention_due *due)
{
    struct retain *r = CHECKED(retain, context);
    if (r->dry_run) {
        char from[FROM_SIZE];
        int64_t bytes = describe(r, due, from);
        struct line line = {.business_id = due->business_id,
                            .call_sid = due->call_sid,
                            .called_at = due->called_at,
                            .expired_at = due->expired_at,
                            .from = from,
                            .bytes = bytes};
        show(&line);
        r->calls++;
        r->bytes += line.bytes;
    } else {
        delete_due(r, due);
    }
}

static void delete_all_due(struct retain *r)
{
    struct retention_cursor cursor = {0};
    for (int page = 0; page < PAGES_MAX && !cursor.ended; page++) {
        enum result result = retention_each_due(r->app, &cursor, PAGE, meet_due, r);
        if (result != RESULT_OK) {
            note(r, result);
            return;
        }
    }
}

/* ---- what no call keeps in the object store ---- */

static void delete_orphan(void *context, const struct orphan *orphan)
{
    struct retain *r = CHECKED(retain, context);
    int64_t bytes;
    enum result result = delete_copies(r, orphan->business_id, orphan->call_sid, &bytes);
    if (result != RESULT_OK) {
        r->failed++;
        note(r, result);
        return;
    }
    log_event("OBJECT_DELETED", "business_id=%lld sid=%s bytes=%lld",
              (long long)orphan->business_id, orphan->call_sid, (long long)orphan->bytes);
}

static enum result mark_orphans(const struct app *app)
{
    enum result result = RESULT_OK;
    int64_t count = PAGE;
    for (int page = 0; page < TOUR_PAGES && count == PAGE && result == RESULT_OK; page++) {
        result = orphan_tour(app, PAGE, &count);
    }
    return result;
}

static enum result delete_marked(struct retain *r)
{
    struct object_cursor cursor = {0};
    enum result result = RESULT_OK;
    int64_t count = PAGE;
    for (int page = 0; page < PAGES_MAX && count == PAGE && !r->store_failed; page++) {
        result = orphan_each(r->app, &cursor, PAGE, delete_orphan, r, &count);
        if (result != RESULT_OK) {
            break;
        }
    }
    return result;
}

/* Where the store failed for one just now, it is not asked for others. */
static void delete_marked_orphans(struct retain *r)
{
    if (r->dry_run || r->store_failed) {
        return;
    }
    note(r, mark_orphans(r->app));
    note(r, delete_marked(r));
}

/* ---- what no row tells of ---- */

static void tour_disk(struct retain *r)
{
    const struct disk_tour_wish wish = {.dry_run = r->dry_run, .all = r->all};
    enum result result = disk_tour(r->app, &wish, &r->disk);
    if (result == RESULT_DENIED) {
        fprintf(stderr,
                "tapedeck: retain: %lld of %lld files belong to no call that this database knows;"
                " is it the right one? They stay.\n",
                (long long)r->disk.orphans, (long long)r->disk.files);
    }
    note(r, result);
}

static void tour_bucket(struct retain *r)
{
    const struct bucket_tour_wish wish = {.all = r->all};
    if (r->dry_run || r->store_failed || r->app->s3 == NULL) {
        return;
    }
    enum result result = bucket_tour(r->app, &wish, &r->bucket);
    if (result == RESULT_DENIED) {
        fprintf(stderr,
                "tapedeck: retain: %lld of %lld objects belong to no call that this database knows;"
                " is it the right one, and is the bucket its own? They stay.\n",
                (long long)r->bucket.orphans, (long long)r->bucket.objects);
    }
    log_event("BUCKET_TOURED", "objects=%lld adopted=%lld deleted=%lld strange=%lld ended=%d",
              (long long)r->bucket.objects, (long long)r->bucket.adopted,
              (long long)r->bucket.deleted, (long long)r->bucket.strange, r->bucket.ended);
    note(r, result);
}

/* ---- what is left at the provider's ---- */

static void show_left(void *context, const struct retention_due *left)
{
    struct retain *r = CHECKED(retain, context);
    struct line line = {.business_id = left->business_id,
                        .call_sid = left->call_sid,
                        .called_at = left->called_at,
                        .expired_at = left->expired_at,
                        .from = "twilio"};
    show(&line);
    r->left++;
}

static void show_all_left(struct retain *r)
{
    struct retention_cursor cursor = {0};
    for (int page = 0; page < PAGES_MAX && !cursor.ended && r->result == RESULT_OK; page++) {
        note(r, retention_each_left(r->app, &cursor, PAGE, show_left, r));
    }
}

/* After our own are gone. A failure here keeps nothing else from being done. */
static void delete_left(struct retain *r)
{
    if (!r->app->config->retention_at_twilio) {
        return;
    }
    if (r->dry_run) {
        show_all_left(r);
        return;
    }
    note(r, retain_at_provider(r->app, &r->at_provider));
}

/* ---- the command ---- */

static bool is_held(const struct retain *r)
{
    return r->night.too_many && !r->all;
}

/* Is this night like others? Noted before anything goes: a run that is killed was one, too. */
static bool is_believed(struct retain *r)
{
    note(r, retention_weigh(r->app, &r->night));
    if (r->result != RESULT_OK || r->dry_run) {
        return r->result == RESULT_OK;
    }
    if (is_held(r)) {
        note(r, RESULT_DENIED);
        log_event("RETAIN_HELD", "due=%lld of=%lld max=%lld%%", (long long)r->night.due,
                  (long long)r->night.of, (long long)r->app->config->retention_max_share);
        return false;
    }
    note(r, retention_note_night(r->app, r->night.due));
    return r->result == RESULT_OK;
}

static void say_held(const struct retain *r)
{
    fprintf(stderr,
            "tapedeck: retain: nothing %s deleted: %lld of %lld recordings are due, more than"
            " RETENTION_MAX_SHARE (%lld %%) in one night. Is the clock of PostgreSQL's host right?"
            " If they are to go: tapedeck retain --all\n",
            r->dry_run ? "would be" : "was", (long long)r->night.due, (long long)r->night.of,
            (long long)r->app->config->retention_max_share);
}

static void report_counts(const struct retain *r)
{
    int64_t failed = r->failed + r->disk.failed;
    if (r->dry_run) {
        printf("%lld recordings, %lld bytes, would be deleted; %lld files are nobody's\n",
               (long long)r->calls, (long long)r->bytes, (long long)r->disk.orphans);
        if (r->disk.over > 0) {
            printf("%lld files of recordings that are deleted or moved would go, too\n",
                   (long long)r->disk.over);
        }
    } else {
        log_event("RETAIN_DONE", "deleted=%lld bytes=%lld orphans=%lld failed=%lld revoked=%lld",
                  (long long)r->calls, (long long)r->bytes, (long long)r->disk.orphans,
                  (long long)failed, (long long)r->disk.over);
    }
    if (!r->dry_run && r->app->config->retention_at_twilio) {
        log_event("RETAIN_AT_TWILIO_DONE", "deleted=%lld failed=%lld",
                  (long long)r->at_provider.deleted, (long long)r->at_provider.failed);
    } else if (r->left > 0) {
        printf("%lld more would be deleted at Twilio\n", (long long)r->left);
    }
}

static int report(const struct retain *r)
{
    if (is_held(r)) {
        say_held(r);
    }
    if (r->dry_run || !is_held(r)) {
        report_counts(r);
    }
    if (r->result == RESULT_UNAVAILABLE) {
        fprintf(stderr, "tapedeck: retain: PostgreSQL did not answer; the next run continues\n");
    } else if (r->result == RESULT_FAILED) {
        fprintf(stderr, "tapedeck: retain: not everything could be removed; see RECORDINGS_DIR\n");
    }
    if (r->no_store) {
        fprintf(stderr, "tapedeck: retain: some recordings are in an object store, and S3_ENDPOINT"
                        " is not set\n");
    }
    return r->result == RESULT_OK && r->at_provider.failed == 0 ? EXIT_DONE : EXIT_NOT_DONE;
}

static void delete_rows(struct retain *r)
{
    const struct terms_wish wish = {.dry_run = r->dry_run, .all = r->all};
    enum result result = retain_rows(r->app, &wish);
    note(r, result == RESULT_DENIED ? RESULT_OK : result);
}

/* Twilio's copies go last, when ours are gone; and then the rows that say so, in time. */
static void go_through(struct retain *r)
{
    delete_all_due(r);
    delete_marked_orphans(r);
    tour_disk(r);
    tour_bucket(r);
    delete_left(r);
    delete_rows(r);
}

int command_retain(const struct app *app, int argc, char **argv)
{
    struct retain r = {.magic = MAGIC(retain), .app = app};
    const struct option_spec specs[] = {
        {"--dry-run", NULL, &r.dry_run}, {"--all", NULL, &r.all}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (!app->config->enable_schedulers && !r.dry_run) {
        return EXIT_DONE;
    }
    if (r.dry_run) {
        printf("%-12s %-34s %-10s  %-10s %12s  %s\n", "business", "call", "called", "expired",
               "bytes", "from");
    }
    if (is_believed(&r)) {
        go_through(&r);
    }
    return report(&r);
}
