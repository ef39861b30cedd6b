/*
 * The credentials of each Twilio account: for its API, and for the signature of its webhooks.
 *
 * TWILIO_ACCOUNTS_FILE has AC…=token lines, and only its owner may read it. An account in this file
 * uses its token; this also holds for the configured account. All other accounts, the configured
 * one and its subaccounts, use what is configured. Credentials are never in a database.
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

/* True when the same token has authority over both accounts. */
bool credentials_agree(const struct credentials *credentials, const char *one, const char *other);

/* False when one token has authority over all accounts: there is no file, or nobody in it. */
bool credentials_are_several(const struct credentials *credentials);

#endif
