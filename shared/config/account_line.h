/*
 * One line of TWILIO_ACCOUNTS_FILE: an account, and what it signs in and signs with.
 *
 *     AC…=token[,token] [https://host] [SK…:secret] [webhooks_sharedkey_…:secret] […]
 *
 * Of two tokens the first is used first; there are two while one is being changed. The address is
 * where the account's API is, the key is used for that API in place of the tokens, and the shared
 * keys, of which there may be two, sign webhooks (Twilio, "Sign webhooks with shared keys").
 */
#ifndef TAPEDECK_CONFIG_ACCOUNT_LINE_H
#define TAPEDECK_CONFIG_ACCOUNT_LINE_H

#include <stdbool.h>

enum { ACCOUNT_TOKENS = 2, ACCOUNT_SHARED_KEYS = 2 };

struct account_shared_key {
    const char *name, *secret; /* NULL: there is none */
};

/* What a line does not have is NULL; the first token is there. */
struct account_line {
    const char *sid;
    const char *tokens[ACCOUNT_TOKENS];
    const char *api_base;
    const char *api_key, *api_secret;
    struct account_shared_key shared_keys[ACCOUNT_SHARED_KEYS];
};

/* Takes a line apart. `value` is cut into pieces, which `out` points into. False when it is no such
 * line. */
bool account_line_read(const char *sid, char *value, struct account_line *out);

#endif
