#include "jwt_verifier.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"

enum { SEEN = 256 }; /* some 50 kB */

struct seen {
    char digest[CRYPTO_SHA256_HEX]; /* "": nothing here */
    int64_t at;                     /* when it was verified: its `nbf` had passed by then */
    struct jwt_claims claims;
};

struct jwt_verifier {
    const char *secret, *previous;
    struct seen seen[SEEN];
};

struct jwt_verifier *jwt_verifier_new(const char *secret, const char *previous)
{
    struct jwt_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier != NULL) {
        verifier->secret = secret;
        verifier->previous = previous;
    }
    return verifier;
}

void jwt_verifier_free(struct jwt_verifier *verifier)
{
    free(verifier);
}

/* The two first digits of the digest. */
static struct seen *place_of(struct jwt_verifier *verifier, const char *digest)
{
    static const char DIGITS[] = "0123456789abcdef";
    size_t high = (size_t)(strchr(DIGITS, digest[0]) - DIGITS);
    size_t low = (size_t)(strchr(DIGITS, digest[1]) - DIGITS);
    _Static_assert(SEEN == 16 * 16, "two digits name every place");
    return &verifier->seen[high * 16 + low];
}

static enum result verify(const struct jwt_verifier *verifier, const char *token, int64_t now,
                          struct jwt_claims *claims)
{
    enum result result = jwt_verify(token, verifier->secret, now, claims);
    if (result != RESULT_OK && verifier->previous[0] != '\0') {
        result = jwt_verify(token, verifier->previous, now, claims);
    }
    return result;
}

enum result jwt_verifier_check(struct jwt_verifier *verifier, const char *token, int64_t now,
                               struct jwt_claims *claims)
{
    char digest[CRYPTO_SHA256_HEX];
    size_t len = strnlen(token, JWT_MAX + 1);
    if (len > JWT_MAX || !crypto_sha256_hex(token, len, digest)) {
        return RESULT_DENIED;
    }
    struct seen *seen = place_of(verifier, digest);
    bool in_time = seen->at <= now && now < seen->claims.expires;
    if (in_time && crypto_same(seen->digest, digest)) {
        *claims = seen->claims;
        return RESULT_OK;
    }
    enum result result = verify(verifier, token, now, claims);
    if (result == RESULT_OK) {
        memcpy(seen->digest, digest, sizeof seen->digest);
        seen->at = now;
        seen->claims = *claims;
    }
    return result;
}
