#include "jwt.h"

#include <cjose/cjose.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static cjose_jwk_t *key_of(const char *secret)
{
    return cjose_jwk_create_oct_spec((const uint8_t *)secret, strlen(secret), NULL);
}

/* Three parts of base64url, none empty, none padded (RFC 7515, 2 and 7.1), the last one a whole
 * HMAC-SHA256. Checked before cjose sees the token: it aborts over a padding sign in the wrong
 * place, and reads as many bytes of a signature as there should be, however few came. */
static bool is_compact(const char *token)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    enum { PARTS = 3, MAC_LENGTH = 43 };
    size_t len = 0;
    for (int part = 1; part <= PARTS; part++) {
        len = strspn(token, ALPHABET);
        if (len == 0 || token[len] != (part < PARTS ? '.' : '\0')) {
            return false;
        }
        token += len + 1;
    }
    return len == MAC_LENGTH;
}

/* The algorithm is ours to choose, not the token's: "none" and all others end here. */
static bool is_hs256(cjose_jws_t *jws)
{
    const char *algorithm = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);
    return algorithm != NULL && strcmp(algorithm, CJOSE_HDR_ALG_HS256) == 0;
}

/* Critical extensions that we do not know make a token invalid (RFC 7515, 4.1.11); we know none. */
static bool has_extensions(cjose_jws_t *jws)
{
    char *extensions = cjose_header_get_raw(cjose_jws_get_protected(jws), "crit", NULL);
    bool has = extensions != NULL;
    free(extensions);
    return has;
}

/* A `nbf` that is no date is not passed over: it never comes. */
static int64_t not_before(const struct json *claims)
{
    return json_date_at(claims, "nbf", true, json_has(claims, "nbf") ? INT64_MAX : 0);
}

static enum result read_claims(const char *text, size_t len, int64_t now, struct jwt_claims *claims)
{
    struct json *json;
    if (json_parse(text, len, &json) != RESULT_OK) {
        return RESULT_DENIED;
    }
    const char *subject = json_text_at(json, "sub");
    claims->business_id = json_int_at(json, "business_id", 0);
    claims->expires = json_date_at(json, "exp", false, 0);
    int n = snprintf(claims->subject, sizeof claims->subject, "%s", subject != NULL ? subject : "");
    bool fits = n >= 0 && (size_t)n < sizeof claims->subject;
    bool in_time = now < claims->expires && not_before(json) <= now;
    json_free(json);
    return fits && in_time && claims->business_id > 0 ? RESULT_OK : RESULT_DENIED;
}

enum result jwt_verify(const char *token, const char *secret, int64_t now,
                       struct jwt_claims *claims)
{
    enum result result = RESULT_DENIED;
    cjose_jws_t *jws = NULL;
    cjose_jwk_t *key = NULL;
    uint8_t *payload;
    size_t len = strnlen(token, JWT_MAX + 1);
    if (len > JWT_MAX || !is_compact(token) || (jws = cjose_jws_import(token, len, NULL)) == NULL) {
        goto out;
    }
    key = key_of(secret);
    if (key == NULL || !is_hs256(jws) || has_extensions(jws) || !cjose_jws_verify(jws, key, NULL) ||
        !cjose_jws_get_plaintext(jws, &payload, &len, NULL)) {
        goto out;
    }
    result = read_claims((const char *)payload, len, now, claims);
out:
    cjose_jws_release(jws);
    cjose_jwk_release(key);
    return result;
}

static enum result print_claims(const struct jwt_claims *claims, struct buf *out)
{
    struct json *json = json_new();
    json_put_int(json, "business_id", claims->business_id);
    json_put_text(json, "sub", claims->subject);
    json_put_int(json, "exp", claims->expires);
    enum result result = json_print(json, out);
    json_free(json);
    return result;
}

enum result jwt_sign(const struct jwt_claims *claims, const char *secret, struct buf *out)
{
    enum result result = RESULT_FAILED;
    struct buf payload;
    cjose_jws_t *jws = NULL;
    const char *token;
    buf_init(&payload, JWT_MAX);
    cjose_header_t *header = cjose_header_new(NULL);
    cjose_jwk_t *key = key_of(secret);
    if (header == NULL || key == NULL || print_claims(claims, &payload) != RESULT_OK ||
        !cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_HS256, NULL)) {
        goto out;
    }
    jws = cjose_jws_sign(key, header, (const uint8_t *)payload.data, payload.len, NULL);
    if (jws == NULL || !cjose_jws_export(jws, &token, NULL)) {
        goto out;
    }
    buf_text(out, token);
    result = buf_ok(out) ? RESULT_OK : RESULT_TOO_BIG;
out:
    cjose_jws_release(jws);
    cjose_jwk_release(key);
    cjose_header_release(header);
    buf_free(&payload);
    return result;
}
