/*
 * Which accounts may say something about a call.
 *
 * Whoever knows one account's token can sign any callback that names that account. So where several
 * tokens are in use, a callback counts only if its token belongs to the call's account: the account
 * that the call's row or its recording's URL names, else an account of its business
 * (business_twilio_accounts). If none of these names an account, any known account may speak.
 */
#ifndef TAPEDECK_CALLS_AUTHORITY_H
#define TAPEDECK_CALLS_AUTHORITY_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"

/* May `account_sid` speak of this call? `business_id` is where a new one would go; 0: it is known,
 * or goes nowhere. RESULT_DENIED, with a line in the log, when it may not. */
enum result authority_check(const struct app *app, const char *account_sid, const char *call_sid,
                            int64_t business_id);

const struct pg_statement *authority_statements(void);

#endif
