/*
 * GET /metrics: how things are, and what was counted, in Prometheus' text format.
 *
 * Gauges come from PostgreSQL and the disk, counts from Redis. What cannot be asked is left out,
 * and tapedeck_up says so: a gap is true, a count that drops to nothing is not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/version.h"
#include "handlers.h"
#include "metrics/counts.h"
#include "metrics/exposition.h"
#include "metrics/traffic.h"
#include "observe/overview.h"

static const struct exposition_label *label(struct exposition_label out[2], const char *name,
                                            const char *value)
{
    out[0] = (struct exposition_label){name, value};
    out[1] = (struct exposition_label){NULL, NULL};
    return out;
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    exposition_family(out, name, "gauge", help);
    exposition_sample(out, name, "", NULL, value);
}

/* ---- how things are ---- */

static void add_servers(struct buf *out, const struct overview *o, bool redis)
{
    static const char BUILD[] = "tapedeck_build_info";
    static const char UP[] = "tapedeck_up";
    static const char SEEN[] = "tapedeck_runner_seen_seconds";
    struct exposition_label one[2];
    exposition_family(out, BUILD, "gauge", "Always 1: which version this responder is.");
    exposition_sample(out, BUILD, "", label(one, "version", TAPEDECK_VERSION), 1);
    exposition_family(out, UP, "gauge", "1: it answers, or can be written to.");
    exposition_sample(out, UP, "", label(one, "part", "postgresql"), o->database);
    exposition_sample(out, UP, "", label(one, "part", "redis"), redis);
    exposition_sample(out, UP, "", label(one, "part", "disk"), disk_is_good(&o->disk));
    if (o->redis) {
        exposition_family(out, SEEN, "gauge",
                          "How long ago a runner was seen; +Inf: not within 150 seconds.");
        exposition_seconds(out, SEEN, "", NULL,
                           o->runner_seen_ms < 0 ? -1 : o->runner_seen_ms * 1000);
    }
    if (o->disk.known) {
        gauge(out, "tapedeck_disk_free_bytes",
              "Bytes that may still be written under RECORDINGS_DIR.", o->disk.free);
        gauge(out, "tapedeck_disk_size_bytes", "The size of its file system.", o->disk.total);
    }
}

static void add_lanes(struct buf *out, const struct overview *o)
{
    static const char RUNS[] = "tapedeck_queue_runs";
    static const char WAIT[] = "tapedeck_queue_oldest_wait_seconds";
    exposition_family(out, RUNS, "gauge",
                      "Runs that are downloading, wait for a slot, or may not start yet.");
    for (int lane = LANE_CLICK; lane <= LANE_LATER; lane++) {
        const struct overview_lane *l = &o->lanes[lane];
        const char *name = queue_lane_name((enum queue_lane)lane);
        exposition_sample(out, RUNS, "",
                          (struct exposition_label[2]){{"lane", name}, {"state", "active"}},
                          l->active);
        exposition_sample(out, RUNS, "",
                          (struct exposition_label[2]){{"lane", name}, {"state", "waiting"}},
                          l->waiting);
        exposition_sample(out, RUNS, "",
                          (struct exposition_label[2]){{"lane", name}, {"state", "resting"}},
                          l->resting);
    }
    exposition_family(out, WAIT, "gauge", "How long the run that waits longest has waited.");
    for (int lane = LANE_CLICK; lane <= LANE_LATER; lane++) {
        struct exposition_label one[2];
        const char *name = queue_lane_name((enum queue_lane)lane);
        exposition_sample(out, WAIT, "", label(one, "lane", name), o->lanes[lane].oldest_wait_s);
    }
}

/* The lines of one kind and state, whatever their reasons. */
static int64_t sum(const struct overview_counts *counts, const char *kind, const char *status)
{
    int64_t n = 0;
    for (size_t i = 0; i < counts->count; i++) {
        const struct overview_count *line = &counts->lines[i];
        bool fits = strcmp(line->kind, kind) == 0 && strcmp(line->status, status) == 0;
        n += fits ? line->count : 0;
    }
    return n;
}

static void add_after(struct buf *out, const struct overview *o)
{
    static const char STEPS[] = "tapedeck_steps", DELIVERIES[] = "tapedeck_webhook_deliveries";
    static const char *const KINDS[] = {"transcribe", "summarise", "notify"};
    static const char *const STATES[] = {"queued", "running", "skipped", "failed"};
    static const char *const ENDS[] = {"waiting", "failed"};
    exposition_family(out, STEPS, "gauge",
                      "Steps after the recording: queued, running; within a day: skipped, failed.");
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        for (size_t s = 0; s < sizeof STATES / sizeof *STATES; s++) {
            exposition_sample(
                out, STEPS, "",
                (struct exposition_label[2]){{"step", KINDS[k]}, {"state", STATES[s]}},
                sum(&o->steps, KINDS[k], STATES[s]));
        }
    }
    exposition_family(out, DELIVERIES, "gauge", "Webhooks that wait, or failed within a day.");
    for (size_t e = 0; e < sizeof ENDS / sizeof *ENDS; e++) {
        struct exposition_label one[2];
        exposition_sample(out, DELIVERIES, "", label(one, "state", ENDS[e]),
                          sum(&o->deliveries, "", ENDS[e]));
    }
    gauge(out, "tapedeck_webhooks_resting", "Webhooks that failed again and again, and rest now.",
          (int64_t)o->rest_count);
}

static int64_t count_pauses(const struct overview *o, bool hosts)
{
    int64_t n = 0;
    for (size_t i = 0; i < o->pause_count; i++) {
        n += o->pauses[i].host == hosts;
    }
    return n;
}

static void add_database(struct buf *out, const struct overview *o)
{
    add_lanes(out, o);
    gauge(out, "tapedeck_accounts_paused", "Provider accounts that are paused after a fault.",
          count_pauses(o, false));
    gauge(out, "tapedeck_hosts_paused",
          "Hosts that fetch nothing now: their disk or memory is in trouble.",
          count_pauses(o, true));
    gauge(out, "tapedeck_breakers_open",
          "Recordings that are not tried now, because they failed too often.", o->breakers_open);
    gauge(out, "tapedeck_callbacks_waiting", "Callbacks whose call is not known yet.",
          o->inbox.waiting);
    gauge(out, "tapedeck_callbacks_unused", "Signed callbacks that could not be used, and wait.",
          o->inbox.unused);
    gauge(out, "tapedeck_recordings_without_call",
          "Recordings that no call shows, for 15 minutes or more.", o->inbox.without_call);
    add_after(out, o);
}

/* ---- what was counted ---- */

static void add_downloads(struct buf *out, const struct counts *counts)
{
    static const char ENDS[] = "tapedeck_downloads_total";
    static const char BYTES[] = "tapedeck_download_bytes_total";
    static const char *const RESULTS[] = {"completed", "retried", "failed", "cancelled", "lost"};
    exposition_family(out, ENDS, "counter", "Download attempts by their result.");
    for (size_t i = 0; i < sizeof RESULTS / sizeof *RESULTS; i++) {
        struct exposition_label one[2];
        exposition_sample(out, ENDS, "", label(one, "result", RESULTS[i]),
                          counts_of(counts, METRICS_DOWNLOADS, RESULTS[i], NULL));
    }
    exposition_family(out, BYTES, "counter", "Bytes of recordings that were stored.");
    exposition_sample(out, BYTES, "", NULL, counts_of(counts, METRICS_BYTES, NULL, NULL));
}

static void add_fault(void *context, const char *reason, const char *none, int64_t count)
{
    struct exposition_label one[2];
    struct buf *out = CHECKED(buf, context);
    (void)none;
    exposition_sample(out, "tapedeck_download_faults_total", "", label(one, "reason", reason),
                      count);
}

static void add_unused(void *context, const char *reason, const char *none, int64_t count)
{
    struct exposition_label one[2];
    struct buf *out = CHECKED(buf, context);
    (void)none;
    exposition_sample(out, "tapedeck_callbacks_unused_total", "", label(one, "field", reason),
                      count);
}

/* Those over the ceiling are in no table, so here is all that tells of them. */
static void add_callbacks(struct buf *out, const struct counts *counts)
{
    static const char DROPPED[] = "tapedeck_callbacks_dropped_total";
    exposition_family(out, "tapedeck_callbacks_unused_total", "counter",
                      "Signed callbacks that could not be used and were kept, by field.");
    counts_each(counts, METRICS_UNUSED, add_unused, out);
    exposition_family(out, DROPPED, "counter",
                      "Signed callbacks that could not be used and were over INBOX_PER_DAY.");
    exposition_sample(out, DROPPED, "", NULL, counts_of(counts, METRICS_DROPPED, NULL, NULL));
}

static void add_request(void *context, const char *route, const char *code, int64_t count)
{
    const struct exposition_label both[2] = {{"route", route}, {"code", code != NULL ? code : ""}};
    exposition_sample(CHECKED(buf, context), "tapedeck_http_requests_total", "", both, count);
}

struct latencies {
    struct magic magic;
    struct buf *out;
    const struct counts *counts;
};

/* Buckets are cumulative, and the last one is the count. */
static void add_latency(void *context, const char *route, const char *none, int64_t took_us)
{
    static const char NAME[] = "tapedeck_http_request_duration_seconds";
    const struct latencies *l = CHECKED(latencies, context);
    struct exposition_label one[2];
    int64_t within = 0;
    (void)none;
    for (const struct traffic_bound *b = traffic_bounds(); b->seconds != NULL; b++) {
        const struct exposition_label both[2] = {{"route", route}, {"le", b->seconds}};
        within += counts_of(l->counts, METRICS_WITHIN, route, b->seconds);
        exposition_sample(l->out, NAME, "_bucket", both, within);
    }
    exposition_seconds(l->out, NAME, "_sum", label(one, "route", route), took_us);
    exposition_sample(l->out, NAME, "_count", label(one, "route", route), within);
}

static void add_counts(struct buf *out, const struct counts *counts)
{
    struct latencies latencies = {.magic = MAGIC(latencies), .out = out, .counts = counts};
    add_downloads(out, counts);
    exposition_family(out, "tapedeck_download_faults_total", "counter",
                      "Download attempts that did not succeed, by reason.");
    counts_each(counts, METRICS_FAULTS, add_fault, out);
    add_callbacks(out, counts);
    exposition_family(out, "tapedeck_http_requests_total", "counter",
                      "Requests that responders answered.");
    counts_each(counts, METRICS_REQUESTS, add_request, out);
    exposition_family(out, "tapedeck_http_request_duration_seconds", "histogram",
                      "How long responders took to answer.");
    counts_each(counts, METRICS_TOOK_US, add_latency, &latencies);
}

/* ---- the answer ---- */

void handle_metrics(const struct app *app, struct request *request, struct response *response)
{
    struct counts counts;
    (void)request;
    struct overview *o = overview_read(app, 0);
    if (o == NULL) {
        response_error(response, MESSAGE_UNAVAILABLE);
        return;
    }
    metrics_flush(app, true);
    bool counted = counts_read(app, &counts) == RESULT_OK;
    response_empty(response, 200);
    response_header(response, "Content-Type", EXPOSITION_TYPE);
    response_header(response, "Cache-Control", "no-store");
    add_servers(&response->body, o, counted);
    if (o->database) {
        add_database(&response->body, o);
    }
    if (counted) {
        add_counts(&response->body, &counts);
        counts_free(&counts);
    }
    free(o);
}
