#include "feeder.h"

#include "storage/file.h"

enum { AHEAD_A_SLOT = 10 };

enum result feeder_count(const struct app *app, const struct backfill_range *range, int64_t *here,
                         int64_t *missing)
{
    char sids[BACKFILL_PAGE_MAX][SID_SIZE];
    struct backfill_cursor cursor = {0};
    struct file_facts file;
    size_t count;
    enum result result;
    *here = *missing = 0;
    while ((result = backfill_page(app, range, &cursor, sids, &count)) == RESULT_OK && count > 0) {
        for (size_t i = 0; i < count; i++) {
            bool is_here = file_find(app->config, range->business_id, sids[i], &file) == RESULT_OK;
            *(is_here ? here : missing) += 1;
        }
    }
    return result;
}

void feeder_begin(struct feeder *feeder, const struct app *app, const struct backfill_range *range)
{
    size_t ahead = (size_t)app->config->later_slots * AHEAD_A_SLOT;
    *feeder = (struct feeder){
        .app = app, .range = range, .ahead = ahead < FEEDER_AHEAD_MAX ? ahead : FEEDER_AHEAD_MAX};
}

/* ---- what is on its way ---- */

static void note_end(struct feeder *f, const struct backfill_run *run)
{
    switch (run->end) {
    case BACKFILL_FETCHED: f->fetched++; break;
    case BACKFILL_FAILED: f->failed++; break;
    default: f->cancelled++; break;
    }
}

static enum result refresh(struct feeder *f)
{
    int64_t before = 0, after = 0;
    size_t kept = 0;
    for (size_t i = 0; i < f->run_count; i++) {
        before += f->runs[i].bytes;
    }
    enum result result =
        f->run_count > 0 ? backfill_refresh(f->app, f->runs, f->run_count) : RESULT_OK;
    if (result != RESULT_OK) {
        return result;
    }
    for (size_t i = 0; i < f->run_count; i++) {
        after += f->runs[i].bytes;
        if (f->runs[i].end == BACKFILL_UNDER_WAY) {
            f->runs[kept++] = f->runs[i];
        } else {
            note_end(f, &f->runs[i]);
        }
    }
    f->run_count = kept;
    f->bytes += after - before;
    return RESULT_OK;
}

/* ---- what is fed ---- */

static enum result next_page(struct feeder *f)
{
    enum result result = backfill_page(f->app, f->range, &f->cursor, f->sids, &f->count);
    f->at = 0;
    f->fed = result == RESULT_OK && f->count == 0;
    return result;
}

static enum result feed_one(struct feeder *f)
{
    struct backfill_run run = {0};
    enum result result = backfill_fetch(f->app, f->range->business_id, f->sids[f->at], &run.id);
    switch (result) {
    case RESULT_OK: f->runs[f->run_count++] = run; break;
    case RESULT_EXISTS: f->here++; break;
    case RESULT_DENIED: f->left_alone++; break;
    default: return result;
    }
    f->at++;
    return RESULT_OK;
}

/* A whole page of what is here already is passed over in one go, and no more than that. */
static enum result feed(struct feeder *f)
{
    enum result result = RESULT_OK;
    for (int i = 0; i < BACKFILL_PAGE_MAX && result == RESULT_OK && !f->fed; i++) {
        if (f->run_count == f->ahead) {
            break;
        }
        result = f->at < f->count ? feed_one(f) : next_page(f);
    }
    return result;
}

enum result feeder_tick(struct feeder *feeder)
{
    enum result result = refresh(feeder);
    return result == RESULT_OK ? feed(feeder) : result;
}

bool feeder_has_room(const struct feeder *feeder)
{
    return !feeder->fed && feeder->run_count < feeder->ahead;
}

bool feeder_is_done(const struct feeder *feeder)
{
    return feeder->fed && feeder->run_count == 0;
}

int64_t feeder_ended(const struct feeder *feeder)
{
    return feeder->fetched + feeder->failed + feeder->left_alone + feeder->cancelled;
}
