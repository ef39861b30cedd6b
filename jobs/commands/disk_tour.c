#include "disk_tour.h"

#include "base/log.h"
#include "base/magic.h"
#include "storage/inventory.h"
#include "storage/retention.h"
#include "storage/revocation.h"

struct disk_round {
    struct magic magic;
    const struct app *app;
    const struct disk_tour_wish *wish;
    struct disk_tour_counts *counts;
    enum result result; /* of PostgreSQL */
};

static void remove_file(const struct disk_round *tour, const struct inventory_entry *entry,
                        const char *event)
{
    int64_t bytes = 0;
    if (inventory_remove(tour->app->config, entry->business_id, entry->call_sid, &bytes) ==
        RESULT_OK) {
        log_event(event, "business_id=%lld sid=%s bytes=%lld", (long long)entry->business_id,
                  entry->call_sid, (long long)bytes);
    } else {
        tour->counts->failed++;
    }
}

/* PostgreSQL must say so: when it does not answer, nothing goes. */
static bool ask(struct disk_round *tour, const struct inventory_entry *entry,
                enum retention_owner *owner)
{
    if (tour->result == RESULT_OK) {
        tour->result = retention_whose(tour->app, entry->business_id, entry->call_sid, owner);
    }
    return tour->result == RESULT_OK;
}

static void meet_first(void *context, const struct inventory_entry *entry)
{
    struct disk_round *tour = CHECKED(disk_round, context);
    enum retention_owner owner;
    tour->counts->files++;
    if (!ask(tour, entry, &owner)) {
        return;
    }
    tour->counts->orphans += owner == RETENTION_NOBODYS && entry->age_s >= RETENTION_ORPHAN_AGE_S;
    if (owner == RETENTION_OVER) {
        tour->counts->over++;
        if (!tour->wish->dry_run) {
            remove_file(tour, entry, "RECORDING_REVOKED");
        }
    }
}

static void meet_again(void *context, const struct inventory_entry *entry)
{
    struct disk_round *tour = CHECKED(disk_round, context);
    enum retention_owner owner;
    if (entry->age_s >= RETENTION_ORPHAN_AGE_S && ask(tour, entry, &owner) &&
        owner == RETENTION_NOBODYS) {
        remove_file(tour, entry, "ORPHAN_DELETED");
    }
}

static enum result each(struct disk_round *tour, inventory_visitor *visit)
{
    enum result result = inventory_each(tour->app->config, visit, tour);
    return tour->result != RESULT_OK ? tour->result : result;
}

/* Counted first: a database that knows hardly any of the files is not the one they belong to. */
static enum result remove_orphans(struct disk_round *tour)
{
    const struct disk_tour_counts *counts = tour->counts;
    if (tour->wish->dry_run || counts->orphans == 0) {
        return RESULT_OK;
    }
    if (!tour->wish->all && retention_is_too_many(tour->app->config, RETENTION_ORPHANS_FLOOR,
                                                  counts->orphans, counts->files)) {
        return RESULT_DENIED;
    }
    return each(tour, meet_again);
}

enum result disk_tour(const struct app *app, const struct disk_tour_wish *wish,
                      struct disk_tour_counts *counts)
{
    struct disk_round tour = {
        .magic = MAGIC(disk_round), .app = app, .wish = wish, .counts = counts};
    int64_t revoked;
    *counts = (struct disk_tour_counts){0};
    enum result result = wish->dry_run ? RESULT_OK : revocation_apply(app, true, &revoked);
    if (result == RESULT_OK || result == RESULT_FAILED) {
        counts->failed += result == RESULT_FAILED;
        result = each(&tour, meet_first);
    }
    if (result == RESULT_OK) {
        result = remove_orphans(&tour);
    }
    if (!wish->dry_run) {
        (void)inventory_remove_empty(app->config);
    }
    return result == RESULT_OK && counts->failed > 0 ? RESULT_FAILED : result;
}
