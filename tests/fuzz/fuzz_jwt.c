/*
 * Tokens. The first byte says what the rest is: a token as it came, or a header's line and claims
 * that are signed with the right secret, so that what is behind the signature is reached, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "clients/crypto.h"
#include "clients/json.h"
#include "clients/jwt.h"
#include "fuzz.h"

#define SECRET "an example secret of 40 bytes, for tests"

enum { NOW = 1700000000 };

static void add_base64url(struct buf *out, const void *bytes, size_t len)
{
    char *text = malloc(4 * ((len + 2) / 3) + 1);
    if (text == NULL) {
        abort();
    }
    crypto_base64(bytes, len, text);
    for (char *c = text; *c != '\0' && *c != '='; c++) {
        buf_add(out, *c == '+' ? "-" : *c == '/' ? "_" : c, 1);
    }
    free(text);
}

static void sign(const char *header, const char *claims, size_t len, struct buf *token)
{
    unsigned char mac[CRYPTO_SHA256_SIZE];
    add_base64url(token, header, strlen(header));
    buf_text(token, ".");
    add_base64url(token, claims, len);
    REQUIRE(crypto_hmac_sha256(SECRET, token->data, token->len, mac));
    buf_text(token, ".");
    add_base64url(token, mac, sizeof mac);
}

/* Our parser refuses a name that is there twice; for cjose's the last one counts, which a header
 * may leave it to (RFC 7515, 4). */
static bool names_hs256(const char *header)
{
    struct json *json;
    if (json_parse(header, strlen(header), &json) != RESULT_OK) {
        return strstr(header, "HS256") != NULL;
    }
    const char *algorithm = json_text_at(json, "alg");
    bool named = algorithm != NULL && strcmp(algorithm, "HS256") == 0 && !json_has(json, "crit");
    json_free(json);
    return named;
}

static void check_claims(const struct jwt_claims *claims, const char *text, size_t len)
{
    struct json *json;
    REQUIRE(claims->business_id > 0 && claims->expires > NOW);
    REQUIRE(strnlen(claims->subject, sizeof claims->subject) < sizeof claims->subject);
    REQUIRE(json_parse(text, len, &json) == RESULT_OK);
    REQUIRE(json_int_at(json, "business_id", -1) == claims->business_id);
    REQUIRE(json_date_at(json, "exp", false, -1) == claims->expires);
    REQUIRE(!json_has(json, "nbf") || json_date_at(json, "nbf", true, INT64_MAX) <= NOW);
    json_free(json);
}

static void check_signed(struct fuzz *fuzz)
{
    struct buf token;
    struct jwt_claims claims;
    size_t len;
    const char *header = fuzz_line(fuzz);
    const char *text = fuzz_rest_bytes(fuzz, &len);
    buf_init(&token, (size_t)4 * 1024 * 1024);
    sign(header, text, len, &token);
    if (jwt_verify(buf_str(&token), SECRET, NOW, &claims) == RESULT_OK) {
        REQUIRE(token.len <= JWT_MAX && names_hs256(header));
        check_claims(&claims, text, len);
        token.data[token.len - 2] = token.data[token.len - 2] == 'A' ? 'B' : 'A';
        REQUIRE(jwt_verify(buf_str(&token), SECRET, NOW, &claims) == RESULT_DENIED);
    }
    buf_free(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz fuzz;
    struct jwt_claims claims;
    fuzz_begin(&fuzz, data, size);
    if (fuzz_byte(&fuzz) == 's') {
        check_signed(&fuzz);
    } else {
        REQUIRE(jwt_verify(fuzz_rest_text(&fuzz), SECRET, NOW, &claims) == RESULT_DENIED);
    }
    fuzz_end(&fuzz);
    return 0;
}
