/*
 * tapedeck audit --call SID | --business ID
 *
 * Who heard or read a call, whichever of its recordings, newest first: from when until when, how,
 * to which, who, from where, in how many requests. Or one recording. Or, with --business, all that
 * was heard and read there, the list of calls among it.
 */
#include <stdio.h>

#include "base/magic.h"
#include "base/text.h"
#include "commands.h"
#include "observe/audit.h"
#include "options.h"

struct listeners {
    struct magic magic;
    int count;
};

static void print_row(void *context, const struct audit_row *row)
{
    char subject[160], address[80], detail[400];
    struct listeners *listeners = CHECKED(listeners, context);
    listeners->count++;
    printf(
        "%-30s %-10s business=%-8lld recording=%s subject=%s address=%s until=%s times=%lld%s%s\n",
        row->at, row->action, (long long)row->business_id, row->name[0] != '\0' ? row->name : "-",
        text_for_log(row->subject, subject, sizeof subject),
        text_for_log(row->address, address, sizeof address), row->until, (long long)row->times,
        row->detail != NULL ? " detail=" : "",
        row->detail != NULL ? text_for_log(row->detail, detail, sizeof detail) : "");
}

static int report(enum result result, const struct listeners *listeners)
{
    if (result != RESULT_OK) {
        fprintf(stderr, "tapedeck: audit: PostgreSQL did not answer\n");
        return EXIT_NOT_DONE;
    }
    if (listeners->count == 0) {
        puts("nobody has listened to it");
    }
    return EXIT_DONE;
}

int command_audit(const struct app *app, int argc, char **argv)
{
    const char *call = NULL, *business = NULL;
    int64_t stored, business_id = 0;
    struct listeners listeners = {.magic = MAGIC(listeners)};
    const struct option_spec specs[] = {
        {"--call", &call, NULL}, {"--business", &business, NULL}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if ((call == NULL) == (business == NULL)) {
        fprintf(stderr, "tapedeck: audit: give --call or --business\n");
        return EXIT_USAGE;
    }
    if (call != NULL && !text_is_recording(call)) {
        fprintf(stderr, "tapedeck: audit: --call must be a call's SID, CA and 32 hex digits\n");
        return EXIT_USAGE;
    }
    if (business != NULL && !text_int(business, 1, INT64_MAX, &business_id)) {
        fprintf(stderr, "tapedeck: audit: --business must be a number from 1\n");
        return EXIT_USAGE;
    }
    (void)audit_store(app, true, &stored);
    return report(call != NULL ? audit_each(app, call, print_row, &listeners)
                               : audit_each_of_business(app, business_id, print_row, &listeners),
                  &listeners);
}
