/*
 * tapedeck move --to s3 | --to disk [--keep]
 *
 * All recordings of this disk into the object store, or all of the store onto this disk, one after
 * the other. A recording leaves where it was when it was seen to be where it goes; with --keep it
 * does not leave. Ctrl-C ends it between two recordings; called again, it goes on.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "commands.h"
#include "objects/move_one.h"
#include "options.h"
#include "runner/stop.h"
#include "storage/inventory.h"

enum { PAGE = 500, PAGES_MAX = 1000000, TELL_EVERY_MS = 500, LINE_EVERY_MS = 10000 };

struct move {
    const struct app *app;
    bool keep, to_disk;
    int signal_fd;
    bool stopped; /* by a person, or because it makes no sense to go on */
    int64_t all, all_bytes;
    int64_t met, met_bytes; /* of these */
    int64_t done, stay, nobody, failed;
    int64_t started_ms, told_ms;
    bool on_terminal;
};

/* ---- progress ---- */

static void tell(struct move *m, bool last)
{
    int64_t now = clock_monotonic_ms();
    int64_t every = m->on_terminal ? TELL_EVERY_MS : LINE_EVERY_MS;
    if (!last && now - m->told_ms < every) {
        return;
    }
    int64_t took_ms = now - m->started_ms + 1;
    int64_t rate = m->met_bytes * 1000 / took_ms;
    int64_t left_s = rate > 0 ? (m->all_bytes - m->met_bytes) / rate : 0;
    m->told_ms = now;
    fprintf(stderr, "%s%lld of %lld recordings, %.1f of %.1f MB, %.1f MB/s, %lld s left%s",
            m->on_terminal ? "\r" : "", (long long)m->met, (long long)m->all,
            (double)m->met_bytes / 1e6, (double)m->all_bytes / 1e6, (double)rate / 1e6,
            (long long)left_s, m->on_terminal && !last ? "   " : "\n");
}

static bool is_stopped(struct move *m)
{
    if (!m->stopped && stop_requested(m->signal_fd)) {
        m->stopped = true;
        fprintf(stderr, "%stapedeck: move: stopped; called again, it goes on\n",
                m->on_terminal ? "\n" : "");
    }
    return m->stopped;
}

static void note(struct move *m, int64_t business_id, const char *call_sid, int64_t bytes,
                 enum move_outcome outcome, const char *why)
{
    m->met++;
    m->met_bytes += bytes;
    switch (outcome) {
    case MOVE_DONE: m->done++; break;
    case MOVE_STAYS: m->stay++; break;
    case MOVE_NOBODY: m->nobody++; break;
    case MOVE_STOP: m->stopped = true; /* fallthrough */
    case MOVE_FAILED:
        m->failed++;
        log_event("MOVE_FAILED", "business_id=%lld sid=%s reason=%s", (long long)business_id,
                  call_sid, why);
        break;
    }
    tell(m, false);
}

/* ---- up ---- */

static void count_file(void *context, const struct inventory_entry *entry)
{
    struct move *m = context;
    m->all += entry->is_recording;
    m->all_bytes += entry->is_recording ? entry->bytes : 0;
}

static void move_file(void *context, const struct inventory_entry *entry)
{
    struct move *m = context;
    const char *why = "";
    if (!entry->is_recording || is_stopped(m)) {
        return;
    }
    enum move_outcome outcome =
        move_to_store(m->app, entry->business_id, entry->call_sid, m->keep, &why);
    note(m, entry->business_id, entry->call_sid, entry->bytes, outcome, why);
}

static enum result move_up(struct move *m)
{
    enum result result = inventory_each(m->app->config, count_file, m);
    return result == RESULT_OK ? inventory_each(m->app->config, move_file, m) : result;
}

/* ---- down ---- */

static void move_object(void *context, const struct object_facts *object)
{
    struct move *m = context;
    const char *why = "";
    if (is_stopped(m)) {
        return;
    }
    enum move_outcome outcome = move_to_disk(m->app, object, m->keep, &why);
    note(m, object->business_id, object->call_sid, object->bytes, outcome, why);
}

static enum result move_down(struct move *m)
{
    struct object_place place = {0};
    int64_t count = PAGE;
    enum result result = object_total(m->app, &m->all, &m->all_bytes);
    for (int page = 0; page < PAGES_MAX && count == PAGE && result == RESULT_OK; page++) {
        result = object_each(m->app, &place, PAGE, move_object, m, &count);
        if (m->stopped) {
            break;
        }
    }
    return result;
}

/* ---- the command ---- */

static bool read_options(struct move *m, int argc, char **argv)
{
    const char *to = NULL;
    const struct option_spec specs[] = {
        {"--to", &to, NULL}, {"--keep", NULL, &m->keep}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return false;
    }
    m->to_disk = to != NULL && strcmp(to, "disk") == 0;
    if (to == NULL || (!m->to_disk && strcmp(to, "s3") != 0)) {
        fprintf(stderr, "tapedeck: move needs --to s3 or --to disk\n");
        return false;
    }
    return true;
}

static int report(struct move *m, enum result result)
{
    tell(m, true);
    log_event("MOVE_DONE", "to=%s moved=%lld playing=%lld nobodys=%lld failed=%lld",
              m->to_disk ? "disk" : "s3", (long long)m->done, (long long)m->stay,
              (long long)m->nobody, (long long)m->failed);
    if (result == RESULT_UNAVAILABLE) {
        fprintf(stderr, "tapedeck: move: PostgreSQL did not answer; called again, it goes on\n");
    } else if (result != RESULT_OK) {
        fprintf(stderr, "tapedeck: move: RECORDINGS_DIR cannot be read\n");
    }
    bool all = result == RESULT_OK && !m->stopped && m->failed == 0 && m->stay == 0;
    return all ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_move(const struct app *app, int argc, char **argv)
{
    struct move m = {.app = app, .on_terminal = isatty(STDERR_FILENO)};
    if (!read_options(&m, argc, argv)) {
        return EXIT_USAGE;
    }
    m.signal_fd = stop_listen();
    if (m.signal_fd < 0) {
        return EXIT_NOT_DONE;
    }
    m.started_ms = m.told_ms = clock_monotonic_ms();
    enum result result = m.to_disk ? move_down(&m) : move_up(&m);
    close(m.signal_fd);
    return report(&m, result);
}
