/*
 * Taking a signed callback in: it is used, or kept in the inbox with the reason why not. Never is
 * it sent back for what its fields say, since the provider does not repeat what got a 4xx.
 */
#ifndef TAPEDECK_RECORDINGS_INTAKE_H
#define TAPEDECK_RECORDINGS_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/form.h"
#include "base/result.h"
#include "twilio/callback.h"

struct intake {
    enum callback_kind kind;
    const char *business_said; /* business_id of the signed address, as it came; NULL: none */
    const struct form *form;
    const char *body; /* what the form was read from */
    size_t body_len;
};

/*
 * RESULT_OK: used, or known already, or kept, or one over INBOX_PER_DAY; a line in the log says
 * which. RESULT_DENIED: its account may not speak of this call (authority.h), nothing is kept.
 * RESULT_UNAVAILABLE, RESULT_FAILED: it is to be told again.
 */
enum result intake_take(const struct app *app, const struct intake *intake);

/* Takes up again all that could not be used; what can be used now leaves the inbox. Gives how many
 * were used, and how many are left. RESULT_UNAVAILABLE: not all were looked at. */
struct intake_counts {
    int64_t used, left;
};
enum result intake_again(const struct app *app, struct intake_counts *counts);

#endif
