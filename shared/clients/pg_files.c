/*
 * Which files libpq reads when it connects.
 */
#include <libpq-fe.h>
#include <string.h>

#include "pg.h"

static bool names_file(const char *keyword)
{
    static const char *const NAMES[] = {"passfile",    "sslcert", "sslkey",
                                        "sslrootcert", "sslcrl",  "sslcrldir"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strcmp(keyword, NAMES[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void give_files(PQconninfoOption *options, pg_file *each, void *context)
{
    for (const PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++) {
        if (names_file(o->keyword) && o->val != NULL && o->val[0] != '\0') {
            each(context, o->val);
        }
    }
    PQconninfoFree(options);
}

void pg_files(const char *url, pg_file *each, void *context)
{
    give_files(PQconninfoParse(url, NULL), each, context);
    give_files(PQconndefaults(), each, context);
}
