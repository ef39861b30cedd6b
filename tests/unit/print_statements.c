/*
 * Prints every statement of our tables, a line each: name, "prepared" or nothing, and SQL, with
 * tabs between. tests/stack/statements.py reads it. No test by itself.
 */
#include <stdio.h>

#include "calls/authority.h"
#include "calls/call.h"
#include "calls/call_changes.h"
#include "calls/call_choices.h"
#include "calls/call_hits.h"
#include "calls/call_search.h"
#include "calls/conference.h"
#include "calls/inbox.h"
#include "calls/recording.h"
#include "calls/transcript.h"
#include "followups/delivery.h"
#include "followups/due_time.h"
#include "followups/piece.h"
#include "followups/server.h"
#include "followups/step.h"
#include "marks/call_note.h"
#include "marks/mark.h"
#include "marks/share_link.h"
#include "observe/audit.h"
#include "observe/overview.h"
#include "recordings/backfill.h"
#include "recordings/terms.h"
#include "runs/account.h"
#include "runs/history.h"
#include "runs/run.h"
#include "runs/run_control.h"
#include "schema/migrating.h"
#include "storage/object.h"
#include "storage/orphan.h"
#include "storage/retention.h"
#include "storage/revocation.h"
#include "storage/stray.h"

static void print(const struct pg_statement *table)
{
    for (; table->name != NULL; table++) {
        printf("%s\t%s\t%s\n", table->name, table->prepared ? "prepared" : "", table->sql);
    }
}

int main(void)
{
    print(migrating_statements());
    print(account_statements());
    print(audit_statements());
    print(mark_statements());
    print(mark_read_statements());
    print(call_note_statements());
    print(share_link_statements());
    print(audit_store_statements());
    print(call_statements());
    print(call_changes_statements());
    print(call_choices_statements());
    print(call_hits_statements());
    print(call_list_statements());
    print(call_search_statements());
    print(call_write_statements());
    print(conference_statements());
    print(recording_statements());
    print(revocation_statements());
    print(delivery_statements());
    print(due_time_statements());
    print(run_statements());
    print(run_held_statements());
    print(step_statements());
    print(piece_statements());
    print(orphan_statements());
    print(transcript_statements());
    print(server_statements());
    print(history_statements());
    print(inbox_statements());
    print(inbox_unused_statements());
    print(object_statements());
    print(retention_statements());
    print(retention_brake_statements());
    print(stray_statements());
    print(authority_statements());
    print(overview_statements());
    print(backfill_statements());
    print(terms_statements());
    print(run_control_statements());
    return 0;
}
