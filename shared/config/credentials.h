/*
 * What each Twilio account is signed in with, and its webhooks checked with.
 *
 * A file of AC…=token lines (TWILIO_ACCOUNTS_FILE) that nobody but its owner may read says it of
 * the accounts that stand there. All others, the configured one and its subaccounts, have what is
 * configured. What the file says of the configured account goes before what is configured. Never in
 * a database.
 */
#ifndef TAPEDECK_CONFIG_CREDENTIALS_H
#define TAPEDECK_CONFIG_CREDENTIALS_H

#include <stdbool.h>

#include "base/result.h"
#include "config.h"

struct credentials;

struct credential {
    const char *user; /* an account SID or an API key */
    const char *password;
    const char *auth_token; /* signs the account's webhooks */
};

/* Reads the file, if one is configured. RESULT_INVALID, with the line to show in `error`
 * (CONFIG_ERROR_SIZE), when it cannot be read, others may read it, or a line is no account. Free
 * with credentials_free; NULL is safe. */
enum result credentials_load(const struct config *config, struct credentials **out, char *error);
void credentials_free(struct credentials *credentials);

/* Those of an account; where it has none of its own (a subaccount), those of the configured one.
 * They live as long as the credentials. */
struct credential credentials_of(const struct credentials *credentials, const char *account_sid);

/* True when the same token vouches for both accounts. */
bool credentials_agree(const struct credentials *credentials, const char *one, const char *other);

/* False when one token vouches for all accounts: there is no file, or nobody in it. */
bool credentials_are_several(const struct credentials *credentials);

#endif
