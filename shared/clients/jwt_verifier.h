/*
 * Verifies session tokens and remembers the valid ones: a browser that plays sends the same token
 * again and again, and its signature need not be computed each time.
 *
 * The token's SHA-256 and its claims are remembered, never the token. A remembered token still ends
 * at its `exp`. When the clock goes back behind the time of the verification, the token is verified
 * again, so that it is never valid before its `nbf`. The table has a fixed size; a new token
 * replaces an older one.
 */
#ifndef TAPEDECK_CLIENTS_JWT_VERIFIER_H
#define TAPEDECK_CLIENTS_JWT_VERIFIER_H

#include <stdint.h>

#include "base/result.h"
#include "jwt.h"

struct jwt_verifier;

/* For tokens signed with `secret`, or with `previous` unless that is "". Both are borrowed. NULL
 * without memory. jwt_verifier_free(NULL) is safe. */
struct jwt_verifier *jwt_verifier_new(const char *secret, const char *previous);
void jwt_verifier_free(struct jwt_verifier *verifier);

/* As jwt_verify. */
enum result jwt_verifier_check(struct jwt_verifier *verifier, const char *token, int64_t now,
                               struct jwt_claims *claims);

#endif
