/*
 * tapedeck status [--json] [--watch] [--businesses N]
 *
 * How things are: each server, the runner, the disk, the lines, what failed and why. With --json
 * for a program, a line an object; with --watch again and again, until somebody has seen enough.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "commands.h"
#include "options.h"
#include "status_text.h"
#include "terminal.h"

enum { PAGE_MAX = 512 * 1024, BUSINESSES = 20, WATCH_EVERY_MS = 2000 };

struct options {
    bool json, watch;
    int64_t businesses;
};

static bool read_options(int argc, char **argv, struct options *options)
{
    const char *businesses = NULL;
    const struct option_spec specs[] = {{"--json", NULL, &options->json},
                                        {"--watch", NULL, &options->watch},
                                        {"--businesses", &businesses, NULL},
                                        {NULL, NULL, NULL}};
    options->businesses = BUSINESSES;
    if (!options_read(specs, argc, argv)) {
        return false;
    }
    if (businesses != NULL &&
        !text_int(businesses, 1, OVERVIEW_BUSINESSES_MAX, &options->businesses)) {
        fprintf(stderr, "tapedeck: status: --businesses must be a number from 1 to %d\n",
                OVERVIEW_BUSINESSES_MAX);
        return false;
    }
    return true;
}

/* Looks, and writes what was seen. False when that could not be written. */
static bool look(const struct app *app, const struct options *options, struct buf *out, bool *good)
{
    struct status status = {.overview = overview_read(app, options->businesses)};
    buf_clear(out);
    if (status.overview == NULL) {
        return false;
    }
    disk_count_parts(app->config, &status.parts);
    *good = status_is_good(&status);
    if (options->json) {
        struct json *json = status_json(&status);
        (void)json_print(json, out);
        json_free(json);
        buf_text(out, "\n");
    } else {
        status_text(&status, out);
    }
    free(status.overview);
    return buf_ok(out) && out->len > 1;
}

static bool show_once(const struct options *options, const struct buf *page)
{
    if (options->json) {
        fputs(buf_str(page), stdout); /* for a program: whole, however wide */
    } else {
        terminal_print(buf_str(page));
    }
    return fflush(stdout) == 0;
}

static int watch(const struct app *app, const struct options *options, struct buf *page)
{
    struct terminal terminal;
    bool good, shown = terminal_begin(&terminal);
    while (shown) {
        shown =
            look(app, options, page, &good) &&
            (options->json ? show_once(options, page) : terminal_page(&terminal, buf_str(page)));
        if (terminal_wait(&terminal, shown ? WATCH_EVERY_MS : 0)) {
            break;
        }
    }
    terminal_end(&terminal);
    return shown ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_status(const struct app *app, int argc, char **argv)
{
    struct options options = {false};
    struct buf page;
    bool good = false;
    if (!read_options(argc, argv, &options)) {
        return EXIT_USAGE;
    }
    buf_init(&page, PAGE_MAX);
    int status = EXIT_NOT_DONE;
    if (options.watch) {
        status = watch(app, &options, &page);
    } else if (look(app, &options, &page, &good) && show_once(&options, &page)) {
        status = good ? EXIT_DONE : EXIT_NOT_DONE;
    }
    buf_free(&page);
    return status;
}
