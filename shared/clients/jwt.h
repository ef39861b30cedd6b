/*
 * Session tokens: JSON Web Tokens, HS256 and nothing else (RFC 7515, 7519); the only home of cjose.
 *
 * `exp` is required, `nbf` honoured, to the whole second within which they hold; `business_id` must
 * be a positive integer. The signature is compared in constant time.
 */
#ifndef TAPEDECK_CLIENTS_JWT_H
#define TAPEDECK_CLIENTS_JWT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum { JWT_MAX = 4096, JWT_SUBJECT_SIZE = 128 };

struct jwt_claims {
    int64_t business_id;
    int64_t expires; /* seconds since 1970 */
    char subject[JWT_SUBJECT_SIZE];
};

/* RESULT_DENIED for a token that is malformed, too long, otherwise signed, expired at `now`, or not
 * yet valid: the caller need not know which. */
enum result jwt_verify(const char *token, const char *secret, int64_t now,
                       struct jwt_claims *claims);

/* Appends a signed token. */
enum result jwt_sign(const struct jwt_claims *claims, const char *secret, struct buf *out);

#endif
