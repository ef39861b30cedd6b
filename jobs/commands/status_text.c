#include "status_text.h"

#include <string.h>

#include "base/version.h"
#include "human.h"

enum { SAID_WIDTH = 80 };

bool status_is_good(const struct status *status)
{
    return status->overview->database && disk_is_good(&status->overview->disk);
}

static void add_servers(const struct overview *o, struct buf *out)
{
    buf_format(out, "%-12s %s\n", "redis", o->redis_words);
    if (!o->redis) {
        buf_format(out, "%-12s unknown\n", "runner");
    } else if (o->runner_seen_ms < 0) {
        buf_format(out, "%-12s none seen; is the drain timer running?\n", "runner");
    } else {
        buf_format(out, "%-12s seen %llds ago\n", "runner", (long long)o->runner_seen_ms / 1000);
    }
    buf_format(out, "%-12s %s\n", "disk", disk_words(&o->disk));
}

static void add_space(const struct status *status, struct buf *out)
{
    char free_text[HUMAN_SIZE], total[HUMAN_SIZE], parts[HUMAN_SIZE];
    const struct disk_facts *disk = &status->overview->disk;
    if (disk->known && disk->total > 0) {
        long long percent = (long long)(100 - 100.0 * (double)disk->free / (double)disk->total);
        buf_format(out, "%-12s %s free of %s, %lld%% in use\n", "space",
                   human_bytes(disk->free, free_text), human_bytes(disk->total, total), percent);
    }
    buf_format(out, "%-12s %s%lld unfinished, %s\n", "part files",
               status->parts.all ? "" : "at least ", (long long)status->parts.files,
               human_bytes(status->parts.bytes, parts));
}

static void add_queue(const struct overview *o, struct buf *out)
{
    const struct overview_lane *click = &o->lanes[LANE_CLICK], *later = &o->lanes[LANE_LATER];
    char click_wait[HUMAN_SIZE], later_wait[HUMAN_SIZE];
    buf_format(out, "%-12s %lld active, %lld waiting (the first for %s), %lld resting\n", "people",
               (long long)click->active, (long long)click->waiting,
               human_time(click->oldest_wait_s, click_wait), (long long)click->resting);
    buf_format(out, "%-12s %lld active, %lld waiting (the first for %s), %lld resting\n",
               "prefetches", (long long)later->active, (long long)later->waiting,
               human_time(later->oldest_wait_s, later_wait), (long long)later->resting);
}

static void add_troubles(const struct overview *o, struct buf *out)
{
    buf_format(out, "%-12s %lld callbacks wait for their call\n", "inbox",
               (long long)o->inbox.waiting);
    if (o->inbox.unused > 0) {
        buf_format(out, "%-12s %lld callbacks could not be used; `tapedeck inbox` says why\n",
                   "unused", (long long)o->inbox.unused);
    }
    if (o->inbox.full > 0) {
        buf_format(out, "%-12s of %lld accounts, which reached INBOX_PER_DAY: no more are kept\n",
                   "inbox full", (long long)o->inbox.full);
    }
    if (o->inbox.without_call > 0) {
        buf_format(out, "%-12s %lld recordings are shown by no call: see docs/troubleshooting.md\n",
                   "no call", (long long)o->inbox.without_call);
    }
    if (o->breakers_open > 0) {
        buf_format(out, "%-12s %lld recordings failed too often and are left alone for now\n",
                   "breaker", (long long)o->breakers_open);
    }
    for (size_t i = 0; i < o->pause_count; i++) {
        buf_format(out, "%-12s %s rests for %llds: %s\n", o->pauses[i].host ? "host" : "account",
                   o->pauses[i].name, (long long)o->pauses[i].left_s, o->pauses[i].code);
    }
}

static void add_businesses(const struct overview *o, struct buf *out)
{
    char wait[HUMAN_SIZE];
    if (o->business_count == 0) {
        buf_text(out, "\nnothing is being fetched, nothing waits\n");
        return;
    }
    buf_format(out, "\n%12s %8s %8s %8s %12s\n", "business", "active", "waiting", "failed",
               "oldest wait");
    for (size_t i = 0; i < o->business_count; i++) {
        const struct overview_business *b = &o->businesses[i];
        buf_format(out, "%12lld %8lld %8lld %8lld %12s\n", (long long)b->business_id,
                   (long long)b->active, (long long)b->waiting, (long long)b->failed,
                   human_time(b->oldest_wait_s, wait));
    }
    int64_t more = o->businesses_total - (int64_t)o->business_count;
    if (more > 0) {
        buf_format(out, "%12s and %lld businesses more\n", "...", (long long)more);
    }
}

static void add_counts(const struct overview_counts *counts, const char *title, struct buf *out)
{
    if (counts->count > 0) {
        buf_format(out, "\n%s\n", title);
    }
    for (size_t i = 0; i < counts->count; i++) {
        const struct overview_count *line = &counts->lines[i];
        buf_format(out, "%12lld %s%s%s%s%s\n", (long long)line->count, line->kind,
                   line->kind[0] != '\0' ? " " : "", line->status,
                   line->code[0] != '\0' ? ": " : "", line->code);
    }
}

static void add_reasons(const struct overview *o, struct buf *out)
{
    enum { TIME_AT = sizeof "2026-11-21T" - 1 };
    if (o->reason_count > 0) {
        buf_text(out, "\nfailed within a day, by reason\n");
    }
    for (size_t i = 0; i < o->reason_count; i++) {
        const struct overview_reason *r = &o->reasons[i];
        buf_format(out, "%12lld %-18s last at %.5s  %s\n", (long long)r->count, r->code,
                   r->last_at + TIME_AT, r->text);
    }
}

static void add_refusals(const struct overview *o, struct buf *out)
{
    char ago[HUMAN_SIZE];
    if (o->server_count > 0) {
        buf_text(out, "\nspeech and chat servers that refused us, and have not answered since\n");
    }
    for (size_t i = 0; i < o->server_count; i++) {
        const struct overview_server *s = &o->servers[i];
        buf_format(out, "%12s ago %s, %s (%lld): %s\n", human_time(s->ago_s, ago), s->host,
                   s->model, (long long)s->status, s->said);
    }
}

static void add_rests(const struct overview *o, struct buf *out)
{
    char left[HUMAN_SIZE];
    if (o->rest_count > 0) {
        buf_text(out, "\nwebhooks that failed again and again, and rest\n");
    }
    for (size_t i = 0; i < o->rest_count; i++) {
        const struct overview_rest *r = &o->rests[i];
        buf_format(out, "%12s more: business %lld, %s, %lld times: %s\n",
                   human_time(r->left_s, left), (long long)r->business_id, r->host,
                   (long long)r->failures, r->code);
    }
}

/* PostgreSQL's words take as many lines as they need: none is wider than a page is. */
static void add_database(const struct overview *o, struct buf *out)
{
    buf_format(out, "%-12s %s\n", "database", o->database_words);
    size_t len = strlen(o->database_said);
    for (size_t at = 0; at < len; at += SAID_WIDTH) {
        buf_format(out, "%-12s %.*s\n", at == 0 ? "cause" : "", SAID_WIDTH, o->database_said + at);
    }
}

void status_text(const struct status *status, struct buf *out)
{
    const struct overview *o = status->overview;
    char now[CLOCK_ISO_SIZE];
    buf_format(out, "%-12s %s\n", "version", TAPEDECK_VERSION);
    buf_format(out, "%-12s %s\n", "at", clock_iso(o->at, now));
    add_servers(o, out);
    add_database(o, out);
    add_space(status, out);
    if (!o->database) {
        return;
    }
    add_queue(o, out);
    add_troubles(o, out);
    add_businesses(o, out);
    add_counts(&o->steps,
               "after the recording: steps that wait, run, or were skipped or failed within a day",
               out);
    add_refusals(o, out);
    add_counts(&o->deliveries, "webhooks that wait, or failed within a day", out);
    add_rests(o, out);
    add_reasons(o, out);
}
