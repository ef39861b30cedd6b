#include "share_token.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { ID_LEN = CRYPTO_TOKEN_SIZE - 1, SIGNATURE_LEN = CRYPTO_SHA256_HEX - 1, SIGNED_SIZE = 128 };

/* What is signed: nothing that a play link's signature is over begins so (storage/link.h). */
static int print_signed(const struct share_token *token, char *out, size_t size)
{
    return token->listening[0] == '\0' ? snprintf(out, size, "share %s", token->share)
                                       : snprintf(out, size, "listening %s.%s.%lld", token->share,
                                                  token->listening, (long long)token->expires);
}

static bool sign(const char *secret, const struct share_token *token, char *hex)
{
    char text[SIGNED_SIZE];
    unsigned char digest[CRYPTO_SHA256_SIZE];
    int n = print_signed(token, text, sizeof text);
    if (secret[0] == '\0' || n < 0 || (size_t)n >= sizeof text ||
        !crypto_hmac_sha256(secret, text, (size_t)n, digest)) {
        return false;
    }
    text_hex(digest, sizeof digest, hex);
    return true;
}

enum result share_token_print(const struct config *config, const struct share_token *token,
                              char *out)
{
    char hex[CRYPTO_SHA256_HEX];
    if (!sign(config->media_secret, token, hex)) {
        return RESULT_FAILED;
    }
    int n = token->listening[0] == '\0'
                ? snprintf(out, SHARE_TOKEN_SIZE, "%s.%s", token->share, hex)
                : snprintf(out, SHARE_TOKEN_SIZE, "%s.%s.%lld.%s", token->share, token->listening,
                           (long long)token->expires, hex);
    return n > 0 && n < SHARE_TOKEN_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

/* ---- reading ---- */

/* So many hex digits; NULL where they are not there. `out` may be NULL. */
static const char *take_hex(const char *at, size_t len, char *out)
{
    if (at == NULL || strspn(at, "0123456789abcdef") < len) {
        return NULL;
    }
    if (out != NULL) {
        memcpy(out, at, len);
        out[len] = '\0';
    }
    return at + len;
}

static const char *take_dot(const char *at)
{
    return at != NULL && *at == '.' ? at + 1 : NULL;
}

static const char *take_number(const char *at, int64_t *out)
{
    size_t len = at != NULL ? strspn(at, "0123456789") : 0;
    return len > 0 && at[0] != '0' && text_int_n(at, len, 1, INT64_MAX, out) ? at + len : NULL;
}

/* The rest of a token is its signature and nothing else. */
static bool ends_with_signature(const char *at, char hex[CRYPTO_SHA256_HEX])
{
    const char *end = take_hex(at, SIGNATURE_LEN, hex);
    return end != NULL && *end == '\0';
}

static bool parse(const char *text, struct share_token *out, char hex[CRYPTO_SHA256_HEX])
{
    *out = (struct share_token){.expires = 0};
    const char *rest = take_dot(take_hex(text, ID_LEN, out->share));
    if (ends_with_signature(rest, hex)) {
        return true;
    }
    rest = take_dot(take_hex(rest, ID_LEN, out->listening));
    return ends_with_signature(take_dot(take_number(rest, &out->expires)), hex);
}

static bool signed_with(const char *secret, const struct share_token *token, const char *hex)
{
    char right[CRYPTO_SHA256_HEX];
    return sign(secret, token, right) && crypto_same(right, hex);
}

enum result share_token_read(const struct config *config, const char *text, int64_t now,
                             struct share_token *out)
{
    char hex[CRYPTO_SHA256_HEX];
    if (!parse(text, out, hex)) {
        return RESULT_INVALID;
    }
    bool good = signed_with(config->media_secret, out, hex) ||
                signed_with(config->media_secret_previous, out, hex);
    bool in_time = out->listening[0] == '\0' || now < out->expires;
    return good && in_time ? RESULT_OK : RESULT_DENIED;
}
