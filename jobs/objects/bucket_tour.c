#include "bucket_tour.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "storage/object.h"
#include "storage/stray.h"

enum { PAGES = 100 }; /* a night: of 2,000,000 recordings all are seen in 40 nights */

struct bucket_round {
    struct magic magic;
    const struct app *app;
    struct bucket_tour_counts *counts;
    bool removing; /* the second time round: what is nobody's goes */
    struct stray page[S3_LIST_PAGE];
    size_t count;
};

static void note_object(void *context, const struct s3_listed *listed)
{
    struct bucket_round *tour = CHECKED(bucket_round, context);
    bool ours = stray_read(listed, &tour->page[tour->count]);
    tour->count += ours;
    tour->counts->objects += ours && !tour->removing;
    tour->counts->strange += !ours && !tour->removing;
}

/* ---- one of them ---- */

static enum result adopt(struct bucket_round *tour, const struct stray *stray)
{
    if (stray->kind == AUDIO_UNKNOWN || stray->bytes < tour->app->config->min_recording_bytes) {
        return RESULT_OK;
    }
    enum result result = stray_adopt(tour->app, stray);
    if (result == RESULT_OK) {
        tour->counts->adopted++;
        log_event("OBJECT_ADOPTED", "business_id=%lld sid=%s bytes=%lld",
                  (long long)stray->business_id, stray->name, (long long)stray->bytes);
    }
    return result == RESULT_LOST ? RESULT_OK : result;
}

static enum result drop(struct bucket_round *tour, const struct stray *stray)
{
    enum result result = object_remove(tour->app, stray->business_id, stray->name);
    if (result == RESULT_OK) {
        tour->counts->deleted++;
        log_event("OBJECT_DELETED", "business_id=%lld sid=%s bytes=%lld",
                  (long long)stray->business_id, stray->name, (long long)stray->bytes);
    }
    return result;
}

static enum result meet(struct bucket_round *tour, const struct stray *stray)
{
    bool young = clock_wall() - stray->modified < RETENTION_ORPHAN_AGE_S;
    switch (stray->owner) {
    case RETENTION_KEPT: return tour->removing || young ? RESULT_OK : adopt(tour, stray);
    case RETENTION_OVER: return tour->removing ? RESULT_OK : drop(tour, stray);
    case RETENTION_NOBODYS: break;
    }
    tour->counts->orphans += !young && !tour->removing;
    return tour->removing && !young ? drop(tour, stray) : RESULT_OK;
}

/* A recording and its waveform stand beside each other, and go together. */
static bool went_before(const struct bucket_round *tour, size_t i)
{
    const struct stray *one = &tour->page[i], *before = &tour->page[i - (i > 0)];
    return i > 0 && one->owner == RETENTION_OVER && one->business_id == before->business_id &&
           strcmp(one->name, before->name) == 0;
}

/* ---- all of them ---- */

static enum result tour_page(struct bucket_round *tour, struct s3_place *place)
{
    struct s3_place next = *place;
    tour->count = 0;
    enum s3_outcome outcome = s3_list(tour->app->s3, &next, note_object, tour);
    if (outcome != S3_OK) {
        log_event("BUCKET_NOT_LISTED", "reason=%s", s3_outcome_name(outcome));
        return RESULT_FAILED;
    }
    enum result result = stray_sort(tour->app, tour->page, &tour->count);
    for (size_t i = 0; i < tour->count && result == RESULT_OK; i++) {
        result = went_before(tour, i) ? RESULT_OK : meet(tour, &tour->page[i]);
    }
    if (result == RESULT_OK) {
        *place = next;
    }
    return result;
}

static enum result tour_pages(struct bucket_round *tour, struct s3_place *place)
{
    enum result result = RESULT_OK;
    for (int page = 0; page < PAGES && !place->ended && result == RESULT_OK; page++) {
        result = tour_page(tour, place);
    }
    return result;
}

/* Counted first: where hardly any is known, the bucket is not this database's. */
static enum result remove_orphans(struct bucket_round *tour, const struct bucket_tour_wish *wish,
                                  struct s3_place *place)
{
    const struct bucket_tour_counts *counts = tour->counts;
    if (!wish->all && retention_is_too_many(tour->app->config, RETENTION_ORPHANS_FLOOR,
                                            counts->orphans, counts->objects)) {
        return RESULT_DENIED;
    }
    tour->removing = true;
    return tour_pages(tour, place);
}

enum result bucket_tour(const struct app *app, const struct bucket_tour_wish *wish,
                        struct bucket_tour_counts *counts)
{
    struct bucket_round tour = {.magic = MAGIC(bucket_round), .app = app, .counts = counts};
    struct s3_place from, to;
    *counts = (struct bucket_tour_counts){0};
    enum result result = stray_place(app, &from);
    to = from;
    if (result == RESULT_OK) {
        result = tour_pages(&tour, &to);
    }
    if (result == RESULT_OK && counts->orphans > 0) {
        to = from;
        result = remove_orphans(&tour, wish, &to);
    } else if (counts->orphans > 0) {
        to = from;
    }
    counts->ended = to.ended;
    enum result noted = stray_set_place(app, &to);
    return result != RESULT_OK ? result : noted;
}
