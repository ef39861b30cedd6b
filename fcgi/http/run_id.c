#include "run_id.h"

#include <stdbool.h>
#include <stdio.h>

#include "clients/crypto.h"

/* A Feistel network of four rounds: a permutation whatever its round function is, and with a random
 * one a random permutation (Luby and Rackoff, 1988). */
enum { ROUNDS = 4, HALF_BITS = 26 };

static const int64_t MARK = INT64_C(1) << (2 * HALF_BITS);
static const uint32_t HALF = (UINT32_C(1) << HALF_BITS) - 1;

static bool mix(const struct app *app, int round, uint32_t half, uint32_t *out)
{
    char text[48];
    unsigned char digest[CRYPTO_SHA256_SIZE];
    int n = snprintf(text, sizeof text, "run_id:%d:%u", round, half);
    if (!crypto_hmac_sha256(app->config->media_secret, text, (size_t)n, digest)) {
        return false;
    }
    *out = ((uint32_t)digest[0] | (uint32_t)digest[1] << 8 | (uint32_t)digest[2] << 16 |
            (uint32_t)digest[3] << 24) &
           HALF;
    return true;
}

/* Through the rounds, in their order or against it; -1: it cannot be computed. */
static int64_t permute(const struct app *app, int64_t number, bool back)
{
    uint32_t left = (uint32_t)(number >> HALF_BITS) & HALF, right = (uint32_t)number & HALF, mixed;
    for (int i = 0; i < ROUNDS; i++) {
        if (!mix(app, back ? ROUNDS - 1 - i : i, right, &mixed)) {
            return -1;
        }
        uint32_t next = left ^ mixed;
        left = right;
        right = next;
    }
    /* The halves change places at the end, so that the way back is the same way. */
    return (int64_t)right << HALF_BITS | (int64_t)left;
}

int64_t run_id_shown(const struct app *app, int64_t id)
{
    if (id <= 0 || id >= MARK) {
        return 0;
    }
    int64_t hidden = permute(app, id, false);
    return hidden >= 0 ? hidden | MARK : 0;
}

int64_t run_id_meant(const struct app *app, int64_t shown)
{
    if (shown < MARK) {
        return shown;
    }
    return shown < 2 * MARK ? permute(app, shown & (MARK - 1), true) : 0;
}
