#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clients/crypto.h"
#include "clients/jwt.h"

#define SECRET "an example secret of 40 bytes, for tests"
#define NOW INT64_C(1800000000)
#define HS256 "{\"alg\":\"HS256\"}"
#define GOOD "{\"business_id\":7,\"exp\":1800000100}"
/* GOOD under HS256, HS384 and HS512, by Python's hmac. */
#define PAYLOAD "eyJidXNpbmVzc19pZCI6NywiZXhwIjoxODAwMDAwMTAwfQ"
#define SIGNATURE "p7J4aGwkgythjNTq3ygJlfltJZmFUphASfo3nkkwSkM"
#define TOKEN "eyJhbGciOiJIUzI1NiJ9." PAYLOAD "." SIGNATURE
#define TOKEN_384                                                                                  \
    "eyJhbGciOiJIUzM4NCJ9." PAYLOAD                                                                \
    ".ZS346Lb85J6ljFidihU6RGfyigSbtCBAtONdhj-sndjD5UW15dXET4EdCoWlmczW"
#define TOKEN_512                                                                                  \
    "eyJhbGciOiJIUzUxMiJ9." PAYLOAD                                                                \
    ".Q_117qxiqkSZgD9TqPa-0sG2quzi6KX7DO5ch5jTG5BYtSW0D3MrZhZ1PF02Upt9JHvzISmRWr5nxDcQKk0u3g"

enum { TOKEN_ROOM = 16 * 1024 };

/* Base64 without padding, in the URL's alphabet (RFC 4648, 5). */
static void add_base64url(struct buf *out, const void *bytes, size_t len)
{
    char *text = malloc(4 * ((len + 2) / 3) + 1);
    assert_non_null(text);
    crypto_base64(bytes, len, text);
    text[strcspn(text, "=")] = '\0';
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
    }
    buf_text(out, text);
    free(text);
}

/* A token over any header and payload, signed as HS256 is, whatever the header says. */
static void forge(const char *header, const char *payload, const char *secret, struct buf *out)
{
    unsigned char digest[CRYPTO_SHA256_SIZE];
    buf_init(out, TOKEN_ROOM);
    add_base64url(out, header, strlen(header));
    buf_text(out, ".");
    add_base64url(out, payload, strlen(payload));
    assert_true(crypto_hmac_sha256(secret, buf_str(out), out->len, digest));
    buf_text(out, ".");
    add_base64url(out, digest, sizeof digest);
    assert_true(buf_ok(out));
}

static enum result verify(const char *token, struct jwt_claims *claims)
{
    memset(claims, 0x55, sizeof *claims);
    return jwt_verify(token, SECRET, NOW, claims);
}

static enum result verify_forged(const char *header, const char *payload, struct jwt_claims *claims)
{
    struct buf token;
    forge(header, payload, SECRET, &token);
    enum result result = verify(buf_str(&token), claims);
    buf_free(&token);
    return result;
}

static void assert_denied(const char *header, const char *payload)
{
    struct jwt_claims claims;
    enum result result = verify_forged(header, payload, &claims);
    if (result != RESULT_DENIED) {
        print_error("header %s\npayload %s\n", header, payload);
    }
    assert_int_equal(result, RESULT_DENIED);
}

/* ---- what holds ---- */

static void test_a_known_token(void **state)
{
    (void)state;
    struct jwt_claims claims;
    assert_int_equal(verify(TOKEN, &claims), RESULT_OK);
    assert_int_equal(claims.business_id, 7);
    assert_int_equal(claims.expires, 1800000100);
    assert_string_equal(claims.subject, "");
}

static void test_the_forger_is_right(void **state)
{
    (void)state;
    struct buf token;
    forge(HS256, GOOD, SECRET, &token);
    assert_string_equal(buf_str(&token), TOKEN);
    buf_free(&token);
}

static void test_sign_and_verify(void **state)
{
    (void)state;
    static const struct jwt_claims cases[] = {
        {1, NOW + 1, ""},
        {7, NOW + 28800, "agent@example.com"},
        {INT64_MAX, INT64_MAX, "quote \" backslash \\ newline \n"},
        {2, NOW + 5, "דנה"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct jwt_claims claims;
        struct buf token;
        buf_init(&token, JWT_MAX);
        assert_int_equal(jwt_sign(&cases[i], SECRET, &token), RESULT_OK);
        assert_null(strpbrk(buf_str(&token), "+/= \n;")); /* fit for a cookie */
        assert_int_equal(verify(buf_str(&token), &claims), RESULT_OK);
        assert_int_equal(claims.business_id, cases[i].business_id);
        assert_int_equal(claims.expires, cases[i].expires);
        assert_string_equal(claims.subject, cases[i].subject);
        buf_free(&token);
    }
}

static void test_sign_appends_and_holds_the_ceiling(void **state)
{
    (void)state;
    const struct jwt_claims claims = {7, NOW + 1, "x"};
    struct buf token;
    buf_init(&token, JWT_MAX);
    buf_text(&token, "before ");
    assert_int_equal(jwt_sign(&claims, SECRET, &token), RESULT_OK);
    assert_memory_equal(buf_str(&token), "before ey", 9);
    size_t len = token.len - strlen("before ");
    buf_free(&token);
    buf_init(&token, len);
    assert_int_equal(jwt_sign(&claims, SECRET, &token), RESULT_OK);
    buf_free(&token);
    buf_init(&token, len - 1);
    assert_int_equal(jwt_sign(&claims, SECRET, &token), RESULT_TOO_BIG);
    buf_free(&token);
}

static void test_harmless_variants(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "{\"business_id\":7,\"exp\":1800000001}",
        "{\"business_id\":7,\"exp\":9223372036854775807}",
        "{\"exp\":1800000100,\"business_id\":7,\"role\":[\"admin\"],\"iat\":1700000000}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1800000000}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":-1}",
        "{\"business_id\":7,\"exp\":1800000001.5}",
        "{\"business_id\":7,\"exp\":1.9e9}",
        "{\"business_id\":7,\"exp\":1900000000.0}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1799999999.5}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1.8e9}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":-1.5e3}",
        "{\"business_id\":7,\"exp\":1800000100,\"sub\":7}",
        "{\"business_id\":7,\"exp\":1800000100,\"sub\":null}",
    };
    struct jwt_claims claims;
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        assert_int_equal(verify_forged(HS256, payloads[i], &claims), RESULT_OK);
        assert_int_equal(claims.business_id, 7);
        assert_string_equal(claims.subject, "");
    }
    assert_int_equal(
        verify_forged("{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"1\"}", GOOD, &claims),
        RESULT_OK);
}

/* ---- what does not ---- */

static void test_other_algorithms(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"PS256\"}",
        "{\"alg\":\"HS384\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"HS256 \"}",
        "{\"alg\":\"A256GCM\"}",
        "{\"alg\":256}",
        "{\"alg\":null}",
        "{\"alg\":[\"HS256\"]}",
        "{\"ALG\":\"HS256\"}",
        "{}",
        "[]",
        "null",
        "",
        "{\"alg\":\"HS256\"",
        "HS256",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        assert_denied(headers[i], GOOD);
    }
    struct jwt_claims claims;
    assert_int_equal(verify(TOKEN_384, &claims), RESULT_DENIED);
    assert_int_equal(verify(TOKEN_512, &claims), RESULT_DENIED);
}

/* RFC 7515, 4.1.11: who does not understand a critical extension must refuse the token. */
static void test_critical_extensions(void **state)
{
    (void)state;
    assert_denied("{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", GOOD);
    assert_denied("{\"alg\":\"HS256\",\"crit\":[\"x\"],\"x\":1}", GOOD);
    assert_denied("{\"alg\":\"HS256\",\"crit\":[]}", GOOD);
}

static void test_unsigned(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "eyJhbGciOiJub25lIn0." PAYLOAD ".", /* {"alg":"none"} */
        "eyJhbGciOiJub25lIn0." PAYLOAD,      "eyJhbGciOiJub25lIn0." PAYLOAD "." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD ".", "eyJhbGciOiJIUzI1NiJ9." PAYLOAD,
    };
    struct jwt_claims claims;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        assert_int_equal(verify(tokens[i], &claims), RESULT_DENIED);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b.c",
        " " TOKEN,
        TOKEN " ",
        TOKEN "\n",
        TOKEN ".",
        TOKEN "." SIGNATURE,
        "." TOKEN,
        TOKEN TOKEN,
        "Bearer " TOKEN,
        "eyJhbGciOiJIUzI1NiJ9.." SIGNATURE,
        "." PAYLOAD "." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9!." PAYLOAD "." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD "!." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD ".p7J4aGwkgythjNTq3ygJlfltJZmFUphASfo3nkkwSk!",
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD ".p7J4aGwkgythjNTq3ygJlfltJZmFUphASfo3nkkwSk",
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD ".p7J4aGwkgythjNTq3ygJlfltJZmFUphASfo3nkkw",
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD "." SIGNATURE "A",
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD "." SIGNATURE SIGNATURE,
        "{\"alg\":\"HS256\"}." GOOD "." SIGNATURE,
        "\xd7\x90.\xd7\x90.\xd7\x90",
        TOKEN "=",
        "s=" TOKEN, /* cjose 0.6.2.1 aborts over this one and the next three (an assert) */
        "a=." PAYLOAD "." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9.abcde===." SIGNATURE,
        "eyJhbGciOiJIUzI1NiJ9." PAYLOAD ".a===",
    };
    struct jwt_claims claims;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        enum result result = verify(tokens[i], &claims);
        if (result != RESULT_DENIED) {
            print_error("case %zu: %s\n", i, tokens[i]);
        }
        assert_int_equal(result, RESULT_DENIED);
    }
}

static void test_every_byte_is_signed(void **state)
{
    (void)state;
    char token[] = TOKEN;
    size_t last = strlen(token) - 1; /* two of its bits are padding: not signed */
    struct jwt_claims claims;
    for (size_t i = 0; i < last; i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(verify(token, &claims), RESULT_DENIED);
        token[i] = was;
    }
    assert_int_equal(verify(token, &claims), RESULT_OK);
}

static void test_payloads(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "7",
        "null",
        "[]",
        "{}",
        "{\"business_id\":7,\"exp\":1800000100}x",
        "{\"business_id\":7,\"exp\":1800000100",
        "[{\"business_id\":7,\"exp\":1800000100}]",
        "{\"business_id\":7}",
        "{\"business_id\":7,\"exp\":0}",
        "{\"business_id\":7,\"exp\":-1800000100}",
        "{\"business_id\":7,\"exp\":1799999999}",
        "{\"business_id\":7,\"exp\":1800000000}", /* ends at this second */
        "{\"business_id\":7,\"exp\":\"1800000100\"}",
        "{\"business_id\":7,\"exp\":null}",
        "{\"business_id\":7,\"exp\":true}",
        "{\"business_id\":7,\"exp\":1e30}",
        "{\"business_id\":7,\"exp\":9223372036854775808}",
        "{\"business_id\":7,\"EXP\":1800000100}",
        "{\"claims\":{\"business_id\":7,\"exp\":1800000100}}",
        "{\"exp\":1800000100}",
        "{\"business_id\":0,\"exp\":1800000100}",
        "{\"business_id\":-7,\"exp\":1800000100}",
        "{\"business_id\":\"7\",\"exp\":1800000100}",
        "{\"business_id\":7.0,\"exp\":1800000100}",
        "{\"business_id\":7.5,\"exp\":1800000100}",
        "{\"business_id\":true,\"exp\":1800000100}",
        "{\"business_id\":null,\"exp\":1800000100}",
        "{\"business_id\":[7],\"exp\":1800000100}",
        "{\"business_id\":9223372036854775808,\"exp\":1800000100}",
        "{\"business_id\":-9223372036854775808,\"exp\":1800000100}",
        "{\"Business_id\":7,\"exp\":1800000100}",
        "{\"business_id\":7,\"business_id\":8,\"exp\":1800000100}",
        "{\"business_id\":7,\"business_id\":7,\"exp\":1800000100}",
        "{\"business_id\":7,\"exp\":1,\"exp\":1800000100}",
        "{\"business_id\":7,\"business_\\u0069d\":8,\"exp\":1800000100}",
        "{\"business_id\":7,\"exp\":1800000100,\"sub\":\"\xff\"}",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        assert_denied(HS256, payloads[i]);
    }
}

static void test_not_before(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1800000001}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":9223372036854775807}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1800000050.5}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1800000000.5}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1.9e9}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":1e300}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":-1e300}",
        "{\"business_id\":7,\"exp\":1800000100,\"nbf\":\"1800000050\"}",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        assert_denied(HS256, payloads[i]);
    }
}

static void test_other_secrets(void **state)
{
    (void)state;
    static const char *const secrets[] = {"", "an example secret of 40 bytes, for test",
                                          "an example secret of 40 bytes, for testS",
                                          "an example secret of 40 bytes, for tests "};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        struct jwt_claims claims;
        assert_int_equal(jwt_verify(TOKEN, secrets[i], NOW, &claims), RESULT_DENIED);
    }
}

/* Whoever has set no secret accepts nothing, not even what is signed with none. */
static void test_no_secret_at_all(void **state)
{
    (void)state;
    struct jwt_claims claims = {7, NOW + 100, ""};
    struct buf token, signed_by_us;
    forge(HS256, GOOD, "", &token);
    assert_int_equal(jwt_verify(buf_str(&token), "", NOW, &claims), RESULT_DENIED);
    buf_free(&token);
    buf_init(&signed_by_us, JWT_MAX);
    assert_int_not_equal(jwt_sign(&claims, "", &signed_by_us), RESULT_OK);
    buf_free(&signed_by_us);
}

/* ---- bounds ---- */

static enum result verify_subject(size_t len, struct jwt_claims *claims)
{
    char payload[512], subject[JWT_SUBJECT_SIZE + 2];
    memset(subject, 's', len);
    subject[len] = '\0';
    struct buf text;
    buf_init(&text, sizeof payload);
    buf_format(&text, "{\"business_id\":7,\"exp\":1800000100,\"sub\":\"%s\"}", subject);
    enum result result = verify_forged(HS256, buf_str(&text), claims);
    buf_free(&text);
    return result;
}

static void test_subject_length(void **state)
{
    (void)state;
    struct jwt_claims claims;
    assert_int_equal(verify_subject(JWT_SUBJECT_SIZE - 1, &claims), RESULT_OK);
    assert_int_equal(strlen(claims.subject), JWT_SUBJECT_SIZE - 1);
    assert_int_equal(verify_subject(JWT_SUBJECT_SIZE, &claims), RESULT_DENIED);
    assert_int_equal(verify_subject(JWT_SUBJECT_SIZE + 1, &claims), RESULT_DENIED);
}

/* A token whose payload is padded to `payload_len` bytes. */
static enum result verify_padded(size_t payload_len, size_t *token_len)
{
    char *payload = malloc(payload_len + 1);
    struct jwt_claims claims;
    struct buf token;
    assert_non_null(payload);
    memset(payload, ' ', payload_len);
    memcpy(payload, GOOD, strlen(GOOD));
    payload[payload_len] = '\0';
    forge(HS256, payload, SECRET, &token);
    *token_len = token.len;
    enum result result = verify(buf_str(&token), &claims);
    buf_free(&token);
    free(payload);
    return result;
}

static void test_token_length(void **state)
{
    (void)state;
    size_t len;
    assert_int_equal(verify_padded(3023, &len), RESULT_OK);
    assert_int_equal(len, JWT_MAX);
    assert_int_equal(verify_padded(3024, &len), RESULT_DENIED);
    assert_int_equal(len, JWT_MAX + 1);
    assert_int_equal(verify_padded(8000, &len), RESULT_DENIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_token),
        cmocka_unit_test(test_the_forger_is_right),
        cmocka_unit_test(test_sign_and_verify),
        cmocka_unit_test(test_sign_appends_and_holds_the_ceiling),
        cmocka_unit_test(test_harmless_variants),
        cmocka_unit_test(test_other_algorithms),
        cmocka_unit_test(test_critical_extensions),
        cmocka_unit_test(test_unsigned),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_every_byte_is_signed),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_not_before),
        cmocka_unit_test(test_other_secrets),
        cmocka_unit_test(test_no_secret_at_all),
        cmocka_unit_test(test_subject_length),
        cmocka_unit_test(test_token_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
