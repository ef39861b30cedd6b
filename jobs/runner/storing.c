#include "storing.h"

#include "audio/peaks.h"
#include "audio/peaks_stream.h"
#include "base/log.h"
#include "ending.h"
#include "followups/step.h"
#include "runner_metrics.h"
#include "storage/inventory.h"

/* ---- the waveform ---- */

/* Written beside the recording, so that the disk is waited for once. Where it cannot be, or another
 * runner makes it, a child makes it later. */
static void begin_waveform(const struct app *app, struct storing *item)
{
    struct buf text;
    buf_init(&text, PEAKS_JSON_MAX);
    item->peaks.fd = -1;
    if (peaks_stream_finish(item->end->waveform, item->part->fd, item->part->size, &text) ==
            RESULT_OK &&
        file_peaks_open(app->config, item->run->business_id, item->run->call_sid, &item->peaks) ==
            RESULT_OK) {
        if (file_part_write(&item->peaks, buf_str(&text), text.len) == RESULT_OK) {
            file_part_flush(&item->peaks);
        } else {
            file_part_drop(&item->peaks);
        }
    }
    buf_free(&text);
}

/* One that has its name shows a recording that has its own. */
static void end_waveform(struct storing *item)
{
    bool whole = item->named && item->peaks.fd >= 0 && file_part_sync(&item->peaks) == RESULT_OK;
    if (!whole) {
        file_part_drop(&item->peaks);
    } else if (file_peaks_finish(&item->peaks, item->part->stamp_ns) == RESULT_OK) {
        log_event("PEAKS_DONE", "business_id=%lld sid=%s", (long long)item->run->business_id,
                  item->run->call_sid);
    }
}

/* ---- the bytes ---- */

/* The disk did not take it. */
static void refuse(const struct app *app, struct storing *item)
{
    item->end->outcome = transfer_disk_outcome(app, item->part);
    item->end->reason = *transfer_disk_trouble(item->part);
    file_part_drop(item->part);
    item->delay_ms = ending_write(app, item->run, item->end, item->part);
}

/* All are on their way before the first is waited for. Gives how many are on the disk, in `good`.
 */
static size_t sync_parts(const struct app *app, struct storing *items, size_t count,
                         struct storing **good)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        file_part_flush(items[i].part);
        begin_waveform(app, &items[i]);
    }
    for (size_t i = 0; i < count; i++) {
        struct storing *item = &items[i];
        if (file_part_sync(item->part) == RESULT_OK) {
            good[n++] = item;
        } else {
            refuse(app, item);
        }
    }
    return n;
}

/* ---- the rows and the names ---- */

/* Commits sealed runs; what full ones are followed by begins with the same commit. */
static bool commit(const struct app *app, const struct run_end *ends, size_t count)
{
    if (step_begin_after(app, ends, count) != RESULT_OK) {
        run_seal_abort(app);
        return false;
    }
    return run_seal_commit(app) == RESULT_OK;
}

/* Renames all, then syncs their folders: after the first, there is little left to write. */
static bool name_all(struct storing *const *group, size_t count)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        struct storing *item = group[i];
        if (!item->named) {
            item->named = file_part_name(item->part, item->end->kind) == RESULT_OK;
        }
        good = good && item->named;
    }
    for (size_t i = 0; i < count; i++) {
        struct storing *item = group[i];
        if (item->part->fd >= 0 && file_part_settle(item->part) != RESULT_OK) {
            item->named = good = false;
        }
    }
    return good;
}

static void end_done(const struct app *app, struct storing *item, bool sealed)
{
    runner_metrics_bytes(app, item->end->bytes);
    ending_release(app, item->run, "RECORDING_DONE", sealed ? NULL : "unsealed");
    item->delay_ms = ENDING_FINAL;
}

/* One that has its name is a recording, whatever its row says: it is rescued later. */
static void end_unsealed(const struct app *app, struct storing *item, enum result why)
{
    if (item->named) {
        end_done(app, item, false);
    } else if (why == RESULT_UNAVAILABLE) {
        item->delay_ms = ENDING_BLOCKED;
    } else {
        file_part_drop(item->part);
        ending_release(app, item->run, "RECORDING_LOST", "lease");
        item->delay_ms = ENDING_FINAL;
    }
}

/* As store_together: the trouble may be that of one among many. */
static bool end_all_unsealed(const struct app *app, struct storing *const *group, size_t count,
                             enum result why)
{
    if (count > 1 && why != RESULT_UNAVAILABLE) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        end_unsealed(app, group[i], why);
    }
    return true;
}

/* False, and nothing is decided, when each of them is to go by itself; never for one. */
static bool store_together(const struct app *app, struct storing *const *group, size_t count)
{
    struct run_end ends[STORING_MAX] = {0};
    for (size_t i = 0; i < count; i++) {
        ends[i] = (struct run_end){
            .run = group[i]->run, .format = group[i]->end->format, .bytes = group[i]->end->bytes};
    }
    enum result result = run_seal(app, ends, count);
    if (result != RESULT_OK) {
        return end_all_unsealed(app, group, count, result);
    }
    if (!name_all(group, count)) {
        run_seal_abort(app);
        if (count == 1) {
            refuse(app, group[0]);
        }
        return count == 1;
    }
    bool sealed = commit(app, ends, count);
    if (!sealed && count > 1) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        end_done(app, group[i], sealed);
    }
    return true;
}

void storing_write(const struct app *app, struct storing *items, size_t count)
{
    struct storing *group[STORING_MAX];
    struct ending_admission last = {0};
    size_t n = sync_parts(app, items, count, group);
    for (size_t i = 0; i < n; i++) {
        ending_note_worked(app, group[i]->run, &last);
    }
    if (n > 0 && !store_together(app, group, n)) {
        for (size_t i = 0; i < n; i++) {
            (void)store_together(app, &group[i], 1);
        }
    }
    for (size_t i = 0; i < count; i++) {
        end_waveform(&items[i]);
    }
}

bool storing_is_here(const struct app *app, const struct run *run, struct file_facts *file)
{
    int64_t bytes;
    enum result result =
        file_find_whole(app->config, run->business_id, run->call_sid, run->stored_bytes, file);
    return result == RESULT_OK ||
           (result == RESULT_LOST &&
            inventory_remove(app->config, run->business_id, run->call_sid, &bytes) != RESULT_OK);
}

void storing_found(const struct app *app, const struct run *run, const struct file_facts *file)
{
    const struct run_end end = {
        .run = run, .format = audio_extension(file->kind), .bytes = file->size};
    if (run_seal(app, &end, 1) != RESULT_OK) {
        ending_release(app, run, "RECORDING_LOST", "lease");
        return;
    }
    ending_release(app, run, "RECORDING_DONE", commit(app, &end, 1) ? NULL : "unsealed");
}
