/*
 * tapedeck migrate [--check]
 *
 * Applies the migrations that are missing, or names them and exits 1.
 */
#include <stdio.h>

#include "base/magic.h"
#include "commands.h"
#include "options.h"
#include "schema/schema.h"

enum { STATEMENT_TIMEOUT_MS = 30 * 60 * 1000 }; /* an index on a large call_log takes its time */

struct telling {
    struct magic magic;
    bool all; /* what is there already, too */
};

static void report(void *context, const char *name, enum schema_step step, const char *error)
{
    static const char *const WORDS[] = {
        [SCHEMA_PRESENT] = "present", [SCHEMA_MISSING] = "missing", [SCHEMA_APPLIED] = "applied",
        [SCHEMA_CHANGED] = "changed", [SCHEMA_BROKEN] = "failed",
    };
    const struct telling *telling = CHECKED(telling, context);
    if (step != SCHEMA_PRESENT || telling->all) {
        printf("%-8s %s%s%s\n", WORDS[step], name, error != NULL ? ": " : "",
               error != NULL ? error : "");
    }
}

static int explain(enum result result, const struct pg *pg)
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
                pg_error(pg));
        break;
    default:
        fprintf(stderr, "tapedeck: the migration stopped: %s\n",
                pg_error(pg)[0] != '\0' ? pg_error(pg) : "a file was changed after it was applied");
        break;
    }
    return EXIT_NOT_DONE;
}

int command_migrate(const struct app *app, int argc, char **argv)
{
    bool check = false;
    struct telling telling = {.magic = MAGIC(telling), .all = false};
    const struct option_spec specs[] = {{"--check", NULL, &check}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    struct pg *pg = pg_new(app->config->database_url, STATEMENT_TIMEOUT_MS);
    if (pg == NULL) {
        return EXIT_NOT_DONE;
    }
    enum result result =
        check ? schema_check(pg, report, &telling) : schema_migrate(pg, report, &telling);
    int status = explain(result, pg);
    if (result == RESULT_OK) {
        puts("the schema is up to date");
    }
    pg_free(pg);
    return status;
}
