/*
 * Prints every statement of our tables, name, a tab and SQL, a line each: tests/check/test_sql.py
 * has PostgreSQL prepare them. No test by itself.
 */
#include <stdio.h>

#include "recordings/account.h"
#include "recordings/audit.h"
#include "recordings/call.h"
#include "recordings/delivery.h"
#include "recordings/history.h"
#include "recordings/inbox.h"
#include "recordings/object.h"
#include "recordings/overview.h"
#include "recordings/past.h"
#include "recordings/retention.h"
#include "recordings/run.h"
#include "recordings/step.h"
#include "recordings/stray.h"
#include "recordings/transcript.h"
#include "recordings/vouch.h"
#include "recordings/wish.h"

static void print(const struct pg_statement *table)
{
    for (; table->name != NULL; table++)
        printf("%s\t%s\n", table->name, table->sql);
}

int main(void)
{
    print(account_statements());
    print(audit_statements());
    print(call_statements());
    print(call_write_statements());
    print(delivery_statements());
    print(run_statements());
    print(run_held_statements());
    print(step_statements());
    print(stray_statements());
    print(transcript_statements());
    print(history_statements());
    print(inbox_statements());
    print(object_statements());
    print(retention_statements());
    print(vouch_statements());
    print(overview_statements());
    print(past_statements());
    print(wish_statements());
    return 0;
}
