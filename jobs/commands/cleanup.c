/*
 * tapedeck cleanup
 *
 * Puts right what a fault left behind: lapsed leases, runs whose runner died, runs that PostgreSQL
 * has and Redis lost, due times that only a wrong clock can have set, announced
 * recordings that failed for what may have passed, callbacks whose call has
 * appeared since, files of recordings that nobody may hear any more, part files without an owner, a
 * cache that is over its ceiling, webhook deliveries that ended long ago, pieces that nobody came
 * back for, callbacks that could not be used and whose time is over; and fills in what searches
 * need of calls that an older release wrote. Safe to run at any time, any number of times, beside
 * runners.
 */
#include <stdio.h>

#include "base/log.h"
#include "base/magic.h"
#include "calls/call_changes.h"
#include "calls/call_search.h"
#include "calls/inbox.h"
#include "commands.h"
#include "followups/delivery.h"
#include "followups/due_time.h"
#include "followups/piece.h"
#include "observe/audit.h"
#include "options.h"
#include "recordings/service.h"
#include "runs/queue.h"
#include "runs/run.h"
#include "runs/run_control.h"
#include "storage/cache.h"
#include "storage/file.h"
#include "storage/revocation.h"

enum { STALE_MAX = 1000 };

struct cleanup {
    struct magic magic;
    const struct app *app;
    int64_t rescued;
};

/* Reaping is part of every dispatch; here each business gets one that has work, or a slot taken. */
static void reap(void *context, int64_t business_id)
{
    const struct cleanup *c = CHECKED(cleanup, context);
    (void)queue_dispatch(c->app, business_id, NULL);
}

/* A runner that PostgreSQL has not heard of may still hold its lease: then it is alive. */
static void rescue(void *context, const struct run_waiting *run)
{
    struct cleanup *c = CHECKED(cleanup, context);
    if (queue_is_held(c->app, run->business_id, run->call_sid) == RESULT_OK ||
        run_rescue(c->app, run->id) != RESULT_OK) {
        return;
    }
    (void)queue_dispatch(c->app, run->business_id, NULL);
    c->rescued++;
    log_event("RECORDING_STALE", "business_id=%lld sid=%s run=%lld", (long long)run->business_id,
              run->call_sid, (long long)run->id);
}

static void bound_due_times(const struct app *app)
{
    int64_t changed;
    if (due_time_bound(app, &changed) == RESULT_OK && changed > 0) {
        log_event("DUE_TIMES_BOUNDED", "changed=%lld", (long long)changed);
    }
}

/* What arrives of a recording that nobody may hear any more need not arrive. */
static void stop(void *context, const struct run_waiting *run)
{
    const struct cleanup *c = CHECKED(cleanup, context);
    (void)service_cancel(c->app, run->business_id, run->id);
}

static void trim_cache(const struct app *app)
{
    struct cache_counts counts;
    enum result result = cache_trim(app, &counts);
    if (counts.removed > 0 || counts.bytes > app->config->cache_max_bytes) {
        log_event("CACHE_TRIMMED", "removed=%lld bytes=%lld max=%lld ok=%d",
                  (long long)counts.removed, (long long)counts.bytes,
                  (long long)app->config->cache_max_bytes, result == RESULT_OK);
    }
}

int command_cleanup(const struct app *app, int argc, char **argv)
{
    static const struct option_spec NONE[] = {{NULL, NULL, NULL}};
    struct cleanup c = {.magic = MAGIC(cleanup), .app = app};
    if (!options_read(NONE, argc, argv)) {
        return EXIT_USAGE;
    }
    if (!app->config->enable_schedulers) {
        return EXIT_DONE;
    }
    bound_due_times(app);
    (void)service_restore(app);
    if (run_each_stale(app, STALE_MAX, rescue, &c) != RESULT_OK ||
        run_each_business(app, reap, &c) != RESULT_OK) {
        fprintf(stderr, "tapedeck: cleanup could not reach PostgreSQL; the next one will\n");
        return EXIT_NOT_DONE;
    }
    (void)queue_each_taken(app, reap, &c);
    int64_t noted = 0, forgotten = 0, unused = 0, offered, revoked = 0, again = 0;
    (void)run_each_revoked(app, STALE_MAX, stop, &c);
    (void)revocation_apply(app, false, &revoked);
    (void)revocation_forget(app);
    (void)audit_store(app, true, &noted);
    (void)delivery_forget(app, &forgotten);
    (void)piece_forget(app);
    (void)inbox_expire_unused(app, &unused);
    (void)call_search_fill(app);
    (void)call_changes_forget(app);
    int64_t matched = service_match_inbox(app);
    (void)run_control_try_again(app, &again);
    (void)service_offer_due(app, &offered);
    int64_t swept = file_sweep_parts(app->config, app->config->stale_after);
    trim_cache(app);
    log_event("CLEANUP_DONE", "rescued=%lld matched=%lld again=%lld offered=%lld parts=%lld",
              (long long)c.rescued, (long long)matched, (long long)again, (long long)offered,
              (long long)swept);
    return EXIT_DONE;
}
