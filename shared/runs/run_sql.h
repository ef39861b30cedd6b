/*
 * SQL that run.c and run_held.c share: a rescue of the row `r`, counted within RECOVERY_WINDOW, and
 * whether another rescue is allowed.
 */
#ifndef TAPEDECK_RUNS_RUN_SQL_H
#define TAPEDECK_RUNS_RUN_SQL_H

#include "clients/pg.h"

/* clang-format off */
#define COUNT_RECOVERY(window) \
    "CASE WHEN NOT " PG_LAPSED("recovered_at", window) " THEN recoveries + 1 ELSE 1 END"
#define MAY_RECOVER(limit, window) \
    "(recoveries < " limit "::bigint OR recovered_at IS NULL" \
    "   OR " PG_LAPSED("recovered_at", window) ")"
/* clang-format on */

#endif
