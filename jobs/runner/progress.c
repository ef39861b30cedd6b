#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "audio/peaks.h"
#include "base/clock.h"
#include "recordings/service.h"
#include "runs/queue.h"

enum { EVERY_MS = 250, EVERY_BYTES = 256 * 1024, DRAWN_EVERY_MS = 500 };

/* Told at the first bytes, at those that make it playable, at the last, and else now and then. */
static bool is_worth_telling(const struct work *work, const struct transfer_progress *progress,
                             int64_t now)
{
    int64_t before = work->published_bytes;
    return before == 0 ||
           (before < SERVICE_PLAYABLE_BYTES && progress->received >= SERVICE_PLAYABLE_BYTES) ||
           progress->received == progress->total || progress->received - before >= EVERY_BYTES ||
           now - work->published_ms >= EVERY_MS;
}

/* For players, so from when they may play on. */
static void draw(struct work *work, const struct transfer_progress *progress, int64_t now,
                 struct buf *waveform)
{
    if (progress->received < SERVICE_PLAYABLE_BYTES || now - work->drawn_ms < DRAWN_EVERY_MS ||
        peaks_stream_print(progress->waveform, waveform) != RESULT_OK) {
        buf_clear(waveform);
        return;
    }
    work->drawn_ms = now;
}

void progress_publish(const struct app *app, struct work *work,
                      const struct transfer_progress *progress)
{
    int64_t now = clock_monotonic_ms();
    work->received = progress->received;
    work->total = progress->total;
    if (!is_worth_telling(work, progress, now)) {
        return;
    }
    work->published_ms = now;
    work->published_bytes = progress->received;
    struct queue_job job = {.business_id = work->run.business_id};
    struct queue_progress told = {.bytes_received = progress->received,
                                  .bytes_total = progress->total,
                                  .kind = progress->kind,
                                  .stamp_ns = progress->stamp_ns};
    memcpy(job.call_sid, work->run.call_sid, sizeof job.call_sid);
    (void)snprintf(told.format, sizeof told.format, "%s", progress->format);
    struct buf waveform;
    buf_init(&waveform, PEAKS_JSON_MAX);
    draw(work, progress, now, &waveform);
    (void)queue_publish(app, &job, work->run.token, &told, buf_str(&waveform));
    buf_free(&waveform);
}
