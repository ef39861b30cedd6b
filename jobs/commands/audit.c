/*
 * tapedeck audit --call SID
 *
 * Who listened to a call, to whichever of its recordings, newest first: when, how, to which, who,
 * from where. Or to one recording.
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
    char subject[160], address[80];
    struct listeners *listeners = CHECKED(listeners, context);
    listeners->count++;
    printf("%-30s %-9s business=%-8lld recording=%s subject=%s address=%s\n", row->at, row->action,
           (long long)row->business_id, row->name,
           text_for_log(row->subject, subject, sizeof subject),
           text_for_log(row->address, address, sizeof address));
}

int command_audit(const struct app *app, int argc, char **argv)
{
    const char *call = NULL;
    int64_t stored;
    struct listeners listeners = {.magic = MAGIC(listeners)};
    const struct option_spec specs[] = {{"--call", &call, NULL}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (call == NULL || !text_is_recording(call)) {
        fprintf(stderr, "tapedeck: audit: --call must be a call's SID, CA and 32 hex digits\n");
        return EXIT_USAGE;
    }
    (void)audit_store(app, &stored);
    if (audit_each(app, call, print_row, &listeners) != RESULT_OK) {
        fprintf(stderr, "tapedeck: audit: PostgreSQL did not answer\n");
        return EXIT_NOT_DONE;
    }
    if (listeners.count == 0) {
        puts("nobody has listened to it");
    }
    return EXIT_DONE;
}
