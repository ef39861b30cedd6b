/*
 * tapedeck migrate [--check]
 *
 * Applies the migrations that are missing, and says how far it is where that takes long; or names
 * them and exits 1.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/magic.h"
#include "commands.h"
#include "options.h"
#include "schema/schema.h"

enum {
    STATEMENT_TIMEOUT_MS = 30 * 60 * 1000,
    WATCH_TIMEOUT_MS = 1000,
    SAID_EVERY_MS = 5000,
};

struct telling {
    struct magic magic;
    int64_t said_ms; /* when we last said how far it is, or began */
};

static bool is_due(struct telling *telling)
{
    int64_t now = clock_monotonic_ms();
    bool due = now - telling->said_ms >= SAID_EVERY_MS;
    telling->said_ms = due ? now : telling->said_ms;
    return due;
}

static void report(void *context, const char *name, enum schema_step step, const char *detail)
{
    static const char *const WORDS[] = {
        [SCHEMA_PRESENT] = "present", [SCHEMA_MISSING] = "missing", [SCHEMA_WORKING] = "working",
        [SCHEMA_APPLIED] = "applied", [SCHEMA_CHANGED] = "changed", [SCHEMA_BROKEN] = "failed",
    };
    struct telling *telling = CHECKED(telling, context);
    if (step == SCHEMA_WORKING && !is_due(telling)) {
        return;
    }
    if (step != SCHEMA_PRESENT) {
        printf("%-8s %s%s%s\n", WORDS[step], name, detail != NULL ? ": " : "",
               detail != NULL ? detail : "");
        (void)fflush(stdout);
    }
}

static int explain(enum result result, const char *error)
{
    switch (result) {
    case RESULT_OK: return EXIT_DONE;
    case RESULT_NOT_FOUND: break;
    case RESULT_LOST:
        fprintf(stderr,
                "tapedeck: another migration, or a long transaction, has what this one needs;"
                " try again when it is done\n");
        break;
    case RESULT_UNAVAILABLE:
        fprintf(stderr,
                "tapedeck: the database cannot be reached (%s); check DATABASE_URL and that"
                " PostgreSQL runs\n",
                error);
        break;
    default:
        fprintf(stderr, "tapedeck: the migration stopped: %s\n",
                error[0] != '\0' ? error : "a file was changed after it was applied");
        break;
    }
    return EXIT_NOT_DONE;
}

static int run(const struct migrating_connections *to, bool check)
{
    struct telling telling = {.magic = MAGIC(telling), .said_ms = clock_monotonic_ms()};
    enum result result =
        check ? schema_check(to->work, report, &telling) : schema_migrate(to, report, &telling);
    const char *error = pg_error(to->work);
    int status = explain(result, error[0] != '\0' ? error : pg_error(to->guard));
    if (result == RESULT_OK) {
        puts("the schema is up to date");
    }
    return status;
}

int command_migrate(const struct app *app, int argc, char **argv)
{
    bool check = false;
    const struct option_spec specs[] = {{"--check", NULL, &check}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    const char *url = app->config->database_url;
    struct migrating_connections to = {.work = pg_new(url, STATEMENT_TIMEOUT_MS),
                                       .guard = pg_new(url, STATEMENT_TIMEOUT_MS),
                                       .watch = pg_new(url, WATCH_TIMEOUT_MS)};
    int status = EXIT_NOT_DONE;
    if (to.work != NULL && to.guard != NULL && to.watch != NULL) {
        status = run(&to, check);
    }
    pg_free(to.work);
    pg_free(to.guard);
    pg_free(to.watch);
    return status;
}
