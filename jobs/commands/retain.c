/*
 * tapedeck retain [--dry-run]
 *
 * Deletes the recordings whose time is over, files and objects that are nobody's, and folders that
 * are empty; with RETENTION_AT_TWILIO the provider's copies as well. What was said in a call stays.
 * Safe to run at any time, beside everything else.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/magic.h"
#include "commands.h"
#include "options.h"
#include "provider/retain_provider.h"
#include "storage/file.h"
#include "storage/inventory.h"
#include "storage/object.h"
#include "storage/orphan.h"
#include "storage/retention.h"

enum {
    PAGE = 500,
    PAGES_MAX = 100000,
    TOUR_PAGES = 20,      /* a night: of 2,000,000 objects all are seen in 200 nights */
    ORPHAN_AGE_S = 86400, /* younger ones may be on their way to becoming somebody's */
    ORPHANS_BRAKE = 20,   /* with more, and more than half of all: the database is another's */
};

struct retain {
    struct magic magic;
    const struct app *app;
    bool dry_run;
    int64_t calls, bytes, failed; /* of those that were due */
    bool no_store;                /* there are, and none is configured */
    int64_t left;                 /* in a dry run: only at the provider's, and to go there */
    struct retain_provider_counts at_provider;
    int64_t files, orphans;
    bool removing; /* the second tour: orphans go */
    enum result result;
};

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

/* Both are tried, whatever becomes of the other. */
static enum result delete_copies(struct retain *r, int64_t business_id, const char *call_sid,
                                 int64_t *bytes)
{
    enum result files = inventory_remove(r->app->config, business_id, call_sid, bytes);
    enum result object = object_remove(r->app, business_id, call_sid);
    if (object == RESULT_DENIED) {
        r->no_store = true;
        object = RESULT_FAILED;
    }
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
        r->result = result;
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
            r->result = result;
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
        r->result = result;
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
    for (int page = 0; page < PAGES_MAX && count == PAGE && r->failed == 0; page++) {
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
    if (r->dry_run || r->failed > 0) {
        return;
    }
    enum result toured = mark_orphans(r->app);
    enum result deleted = delete_marked(r);
    if (toured != RESULT_OK || deleted != RESULT_OK) {
        r->result = deleted != RESULT_OK ? deleted : toured;
    }
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
        r->result = retention_each_left(r->app, &cursor, PAGE, show_left, r);
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
    enum result result = retain_at_provider(r->app, &r->at_provider);
    if (r->result == RESULT_OK) {
        r->result = result;
    }
}

/* ---- what is nobody's ---- */

/* PostgreSQL must say so: when it does not answer, nothing goes. */
static void meet_file(void *context, const struct inventory_entry *entry)
{
    struct retain *r = CHECKED(retain, context);
    int64_t bytes = entry->bytes;
    r->files += !r->removing;
    if (entry->age_s < ORPHAN_AGE_S || r->result != RESULT_OK) {
        return;
    }
    enum result result = retention_is_orphan(r->app, entry->business_id, entry->call_sid);
    if (result == RESULT_OK && r->removing) {
        result = inventory_remove(r->app->config, entry->business_id, entry->call_sid, &bytes);
        log_event("ORPHAN_DELETED", "business_id=%lld sid=%s bytes=%lld",
                  (long long)entry->business_id, entry->call_sid, (long long)bytes);
    }
    r->orphans += result == RESULT_OK && !r->removing;
    if (result != RESULT_OK && result != RESULT_EXISTS) {
        r->result = result;
    }
}

/* Counted first: a database that knows hardly any of the files is not the one they belong to. */
static void delete_orphans(struct retain *r)
{
    if (r->result == RESULT_OK && inventory_each(r->app->config, meet_file, r) != RESULT_OK) {
        r->result = RESULT_FAILED;
    }
    if (r->result != RESULT_OK || r->dry_run) {
        return;
    }
    if (r->orphans > ORPHANS_BRAKE && r->orphans > r->files / 2) {
        fprintf(stderr,
                "tapedeck: retain: %lld of %lld files belong to no call that this database knows;"
                " is it the right one? They stay.\n",
                (long long)r->orphans, (long long)r->files);
        r->result = RESULT_DENIED;
        return;
    }
    r->removing = true;
    (void)inventory_each(r->app->config, meet_file, r);
    (void)inventory_remove_empty(r->app->config);
}

/* ---- the command ---- */

static int report(const struct retain *r)
{
    if (r->dry_run) {
        printf("%lld recordings, %lld bytes, would be deleted; %lld files are nobody's\n",
               (long long)r->calls, (long long)r->bytes, (long long)r->orphans);
    } else {
        log_event("RETAIN_DONE", "deleted=%lld bytes=%lld orphans=%lld failed=%lld",
                  (long long)r->calls, (long long)r->bytes, (long long)r->orphans,
                  (long long)r->failed);
    }
    if (!r->dry_run && r->app->config->retention_at_twilio) {
        log_event("RETAIN_AT_TWILIO_DONE", "deleted=%lld failed=%lld",
                  (long long)r->at_provider.deleted, (long long)r->at_provider.failed);
    } else if (r->left > 0) {
        printf("%lld more would be deleted at Twilio\n", (long long)r->left);
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

int command_retain(const struct app *app, int argc, char **argv)
{
    struct retain r = {.magic = MAGIC(retain), .app = app};
    const struct option_spec specs[] = {{"--dry-run", NULL, &r.dry_run}, {NULL, NULL, NULL}};
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
    delete_all_due(&r);
    delete_marked_orphans(&r);
    delete_left(&r);
    delete_orphans(&r);
    return report(&r);
}
