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
#include "base/magic.h"
#include "base/stop.h"
#include "commands.h"
#include "objects/move_one.h"
#include "options.h"
#include "progress_line.h"
#include "storage/inventory.h"

enum { PAGE = 500, PAGES_MAX = 1000000 };

struct move {
    struct magic magic;
    const struct app *app;
    bool keep, to_disk;
    int signal_fd;
    bool stopped; /* by a person, or because it makes no sense to go on */
    struct progress_line line;
    int64_t total_bytes;
    int64_t moved, stay, nobody;
    bool on_terminal;
};

/* ---- progress ---- */

static void show(struct move *m, bool last)
{
    char text[PROGRESS_LINE_SIZE];
    if (progress_line_is_due(&m->line, m->on_terminal, clock_monotonic_ms(), last)) {
        fprintf(stderr, "%s%s%s", m->on_terminal ? "\r\x1b[K" : "",
                progress_line_text(&m->line, text), m->on_terminal && !last ? "" : "\n");
    }
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
    m->line.done++;
    m->line.bytes += bytes;
    switch (outcome) {
    case MOVE_DONE: m->moved++; break;
    case MOVE_STAYS: m->stay++; break;
    case MOVE_NOBODY: m->nobody++; break;
    case MOVE_STOP: m->stopped = true; /* fallthrough */
    case MOVE_FAILED:
        m->line.failed++;
        log_event("MOVE_FAILED", "business_id=%lld sid=%s reason=%s", (long long)business_id,
                  call_sid, why);
        break;
    }
    show(m, false);
}

/* ---- up ---- */

static void count_file(void *context, const struct inventory_entry *entry)
{
    struct move *m = CHECKED(move, context);
    m->line.total += entry->is_recording;
    m->total_bytes += entry->is_recording ? entry->bytes : 0;
}

static void move_file(void *context, const struct inventory_entry *entry)
{
    struct move *m = CHECKED(move, context);
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
    struct move *m = CHECKED(move, context);
    const char *why = "";
    if (is_stopped(m)) {
        return;
    }
    enum move_outcome outcome = move_to_disk(m->app, object, m->keep, &why);
    note(m, object->business_id, object->call_sid, object->bytes, outcome, why);
}

static enum result move_down(struct move *m)
{
    struct object_cursor cursor = {0};
    int64_t count = PAGE;
    enum result result = object_total(m->app, &m->line.total, &m->total_bytes);
    for (int page = 0; page < PAGES_MAX && count == PAGE && result == RESULT_OK; page++) {
        result = object_each(m->app, &cursor, PAGE, move_object, m, &count);
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
    show(m, true);
    fprintf(stderr, "%lld of %lld recordings, %.1f of %.1f MB\n", (long long)m->line.done,
            (long long)m->line.total, (double)m->line.bytes / 1e6, (double)m->total_bytes / 1e6);
    log_event("MOVE_DONE", "to=%s moved=%lld playing=%lld nobodys=%lld failed=%lld",
              m->to_disk ? "disk" : "s3", (long long)m->moved, (long long)m->stay,
              (long long)m->nobody, (long long)m->line.failed);
    if (result == RESULT_UNAVAILABLE) {
        fprintf(stderr, "tapedeck: move: PostgreSQL did not answer; called again, it goes on\n");
    } else if (result != RESULT_OK) {
        fprintf(stderr, "tapedeck: move: RECORDINGS_DIR cannot be read\n");
    }
    bool all = result == RESULT_OK && !m->stopped && m->line.failed == 0 && m->stay == 0;
    return all ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_move(const struct app *app, int argc, char **argv)
{
    struct move m = {.magic = MAGIC(move), .app = app, .on_terminal = isatty(STDERR_FILENO)};
    if (!read_options(&m, argc, argv)) {
        return EXIT_USAGE;
    }
    m.signal_fd = stop_listen(0);
    if (m.signal_fd < 0) {
        return EXIT_NOT_DONE;
    }
    m.line.began_ms = clock_monotonic_ms();
    enum result result = m.to_disk ? move_down(&m) : move_up(&m);
    close(m.signal_fd);
    return report(&m, result);
}
