#include "retain_rows.h"

#include <stdio.h>

#include "base/log.h"
#include "base/magic.h"

struct teller {
    struct magic magic;
    bool dry_run;
};

static void tell(void *context, const struct terms_count *count)
{
    const struct teller *teller = CHECKED(teller, context);
    if (count->gone == 0) {
        return;
    }
    if (teller->dry_run) {
        printf("%lld rows of %s would go (kept for %lld s)\n", (long long)count->gone, count->table,
               (long long)count->keep_ms / 1000);
    } else {
        log_event("ROWS_DELETED", "table=%s rows=%lld", count->table, (long long)count->gone);
    }
}

enum result retain_rows(const struct app *app, const struct terms_wish *wish)
{
    struct teller teller = {.magic = MAGIC(teller), .dry_run = wish->dry_run};
    enum result result = terms_apply(app, wish, tell, &teller);
    if (result == RESULT_DENIED) {
        log_event("ROWS_HELD", "reason=last_night_unknown");
        fprintf(stderr,
                "tapedeck: retain: no rows were deleted: the last retain was more than 7 days"
                " ago, or is to come. Is the clock of PostgreSQL's host right? The next"
                " night deletes them, or tapedeck retain --all\n");
    }
    return result;
}
