/*
 * Verifies session tokens, and remembers those it has seen: a browser that plays asks with the same
 * token again and again, and its signature need not be computed each time.
 *
 * What is remembered is a token's SHA-256 and what it says, never the token. A remembered one still
 * ends at its `exp`, and where the clock goes back behind the time it was verified at, it is
 * verified again, so that it is never good before its `nbf`. The table has a fixed size; the newest
 * goes where an older one was.
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
