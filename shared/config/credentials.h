/*
 * The credentials of each Twilio account: for its API, and for the signature of its webhooks.
 *
 * TWILIO_ACCOUNTS_FILE has a line for each account (account_line.h), and only its owner may read
 * it. An account in this file uses its line; this also holds for the configured account. All other
 * accounts, such as subaccounts, use what the configured account uses. Credentials are never in a
 * database.
 *
 * The file is read again when it changed, so nothing need be restarted when a token is changed. It
 * is looked at once a second at most, and taken when it has been left alone for a second; what
 * cannot be taken leaves the old one in force, and says so in the log, once:
 * ACCOUNTS_FILE_REFUSED cause=missing|not_private|malformed. One thread uses the credentials.
 */
#ifndef TAPEDECK_CONFIG_CREDENTIALS_H
#define TAPEDECK_CONFIG_CREDENTIALS_H

#include <stdbool.h>

#include "account_line.h"
#include "base/result.h"
#include "config.h"

struct credentials;

struct credential {
    const char *user; /* an account SID or an API key */
    const char *password;
    const char *other_password; /* what to try when the API refuses the first; NULL: nothing */
    const char *api_base;       /* no slash at its end */
    const char *tokens[ACCOUNT_TOKENS]; /* each signs the account's webhooks; NULL: there is none */
    struct account_shared_key shared_keys[ACCOUNT_SHARED_KEYS]; /* so does each of these */
};

/* Reads the file, if one is configured. RESULT_INVALID, with the line to show in `error`
 * (CONFIG_ERROR_SIZE), when it cannot be read, others may read it, or a line is no account. Free
 * with credentials_free; NULL is safe. */
enum result credentials_load(const struct config *config, struct credentials **out, char *error);
void credentials_free(struct credentials *credentials);

/* Those of an account; where it has none of its own (a subaccount), those of the configured one.
 * They live until the next call of any function here. */
struct credential credentials_of(struct credentials *credentials, const char *account_sid);

/* True when the same token has authority over both accounts. */
bool credentials_agree(struct credentials *credentials, const char *one, const char *other);

/* False when one token has authority over all accounts: there is no file, or nobody in it but the
 * configured account. */
bool credentials_are_several(struct credentials *credentials);

#endif
