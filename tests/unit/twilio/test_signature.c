#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "clients/crypto.h"
#include "twilio/signature.h"

#define TOKEN "12345"
#define HOST "https://mycompany.com"
#define TARGET "/myapp.php?foo=1&bar=2"
#define P                                                                                          \
    "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309"              \
    "&To=%2B18005551212"
#define P_SIGNATURE "RSOYDt4T1cUTdK1PDd93/VVr8B8="
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* Of an account with this token alone. */
static enum signature_verdict ask(const char *token, const char *signature, const char *base,
                                  const char *target, const struct form *form, const char *body,
                                  size_t len)
{
    const struct credential credential = {.tokens = {token}};
    const struct signature_headers headers = {.signature = signature};
    return signature_check(&credential, &headers, base, target, form, body, len);
}

/* The verdict on a form body, as the callback's handler asks for it. */
static enum signature_verdict check(const char *base, const char *target, const char *body,
                                    const char *signature)
{
    struct form form;
    assert_int_equal(form_parse(&form, body, strlen(body)), RESULT_OK);
    enum signature_verdict verdict = ask(TOKEN, signature, base, target, &form, body, strlen(body));
    form_free(&form);
    return verdict;
}

/* base64(HMAC-SHA1(TOKEN, data)): what Twilio would send, had it signed this. */
static const char *sign(const char *data, char out[CRYPTO_SHA1_BASE64])
{
    unsigned char mac[CRYPTO_SHA1_SIZE];
    assert_true(crypto_hmac_sha1(TOKEN, data, strlen(data), mac));
    crypto_base64(mac, sizeof mac, out);
    return out;
}

/* Twilio's own, from its helper libraries. */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *base, *body, *signature;
    } cases[] = {
        {HOST, P, P_SIGNATURE},
        {HOST ":443", P, "kvajT1Ptam85bY51eRf/AJRuM3w="},
        {"http://mycompany.com:1234", P, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="},
        {HOST, "", "zYQTYrRWXE7LtzbG4PfP7/bkkGo="},
        {HOST, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234",
         "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
        {HOST, "Digits=&CallSid=CA1234567890ABCDE&EmptyParam=", "9HHp/OqQMEwdrVebHDdA/+tqjX8="},
        {HOST, "callSid=lowercase&CallSid=uppercase&CALLSID=allcaps",
         "jDK7WKT8wiNrwggd4ceTv4e1MJ4="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(check(cases[i].base, TARGET, cases[i].body, cases[i].signature),
                         SIGNATURE_GOOD);
    }
}

static void test_ports_and_userinfo(void **state)
{
    (void)state;
    static const struct {
        const char *base, *signed_url;
        enum signature_verdict verdict;
    } cases[] = {
        {"https://h.example", "https://h.example/p?q", SIGNATURE_GOOD},
        {"https://h.example", "https://h.example:443/p?q", SIGNATURE_GOOD},
        {"https://h.example", "https://h.example:80/p?q", SIGNATURE_MISMATCH},
        {"https://h.example:443", "https://h.example/p?q", SIGNATURE_GOOD},
        {"https://h.example:8443", "https://h.example:8443/p?q", SIGNATURE_GOOD},
        {"https://h.example:8443", "https://h.example/p?q", SIGNATURE_GOOD},
        {"https://h.example:8443", "https://h.example:443/p?q", SIGNATURE_GOOD},
        {"https://h.example:8443", "https://h.example:8444/p?q", SIGNATURE_MISMATCH},
        {"http://h.example", "http://h.example:80/p?q", SIGNATURE_GOOD},
        {"http://h.example", "http://h.example:443/p?q", SIGNATURE_MISMATCH},
        {"http://h.example", "https://h.example/p?q", SIGNATURE_MISMATCH},
        {"https://u:pw@h.example", "https://h.example/p?q", SIGNATURE_GOOD},
        {"https://u:p@w@h.example:81", "https://h.example:81/p?q", SIGNATURE_GOOD},
        {"https://u:pw@h.example", "https://u:pw@h.example/p?q", SIGNATURE_MISMATCH},
        {"https://[::1]", "https://[::1]/p?q", SIGNATURE_GOOD},
        {"https://[::1]", "https://[::1]:443/p?q", SIGNATURE_GOOD},
        {"https://[::1]:81", "https://[::1]/p?q", SIGNATURE_GOOD},
        {"https://h.example/a@b:c", "https://h.example/a@b:c/p?q", SIGNATURE_GOOD},
        {"https://h.example", "https://h.example/p?Q", SIGNATURE_MISMATCH},
        {"https://h.example", "https://h.example/p", SIGNATURE_MISMATCH},
        {"https://h.example", "https://H.example/p?q", SIGNATURE_MISMATCH},
        {"h.example", "h.example/p?q", SIGNATURE_MISMATCH},
        {"", "/p?q", SIGNATURE_MISMATCH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char signature[CRYPTO_SHA1_BASE64];
        assert_int_equal(check(cases[i].base, "/p?q", "", sign(cases[i].signed_url, signature)),
                         cases[i].verdict);
    }
}

static void test_order_of_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *body, *data;
    } cases[] = {
        {"b=2&a=1", "https://h/a1b2"},
        {"a=2&a=1", "https://h/a1a2"},
        {"a=10&a=9&a=9&a=10", "https://h/a10a9"},
        {"a=&a=&b", "https://h/ab"},
        {"ab=1&a=2", "https://h/a2ab1"},
        {"%D7%90=1&z=2", "https://h/z2\xd7\x90"
                         "1"}, /* bytes compare as unsigned */
        {"a=+1+", "https://h/a 1 "},
        {"=1", "https://h/1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char signature[CRYPTO_SHA1_BASE64];
        assert_int_equal(check("https://h", "/", cases[i].body, sign(cases[i].data, signature)),
                         SIGNATURE_GOOD);
    }
}

static void test_wrong_signatures(void **state)
{
    (void)state;
    static const struct {
        const char *target, *body, *signature;
    } cases[] = {
        {TARGET, P, "zYQTYrRWXE7LtzbG4PfP7/bkkGo="},
        {TARGET, P, "RSOYDt4T1cUTdK1PDd93/VVr8B8"},
        {TARGET, P, "RSOYDt4T1cUTdK1PDd93/VVr8B8=="},
        {TARGET, P, " " P_SIGNATURE},
        {TARGET, P, "rSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {TARGET, P, "x"},
        {TARGET, P "&Extra=1", P_SIGNATURE},
        {TARGET, P "&Extra=", P_SIGNATURE},
        {TARGET, "CallSid=CA1234567890ABCDE", P_SIGNATURE},
        {TARGET, "", P_SIGNATURE},
        {TARGET "&", P, P_SIGNATURE},
        {"/myapp.php?bar=2&foo=1", P, P_SIGNATURE},
        {"/myapp.php", P, P_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(check(HOST, cases[i].target, cases[i].body, cases[i].signature),
                         SIGNATURE_MISMATCH);
    }
}

static void test_missing_pieces(void **state)
{
    (void)state;
    struct form form = {.count = 0};
    assert_int_equal(ask(TOKEN, NULL, HOST, TARGET, &form, "", 0), SIGNATURE_NO_HEADER);
    assert_int_equal(ask(TOKEN, "", HOST, TARGET, &form, "", 0), SIGNATURE_NO_HEADER);
    assert_int_equal(ask(NULL, "x", HOST, TARGET, &form, "", 0), SIGNATURE_NO_TOKEN);
    assert_int_equal(ask("", "x", HOST, TARGET, &form, "", 0), SIGNATURE_NO_TOKEN);
    /* An empty token would let anyone sign. */
    assert_int_equal(ask("", "zYQTYrRWXE7LtzbG4PfP7/bkkGo=", HOST, TARGET, &form, "", 0),
                     SIGNATURE_NO_TOKEN);
}

/* ---- whose secret ---- */

static enum signature_verdict by_settings(const struct credential *credential, const char *settings,
                                          const char *signature)
{
    const struct form form = {.count = 0};
    const struct signature_headers headers = {.signature = signature, .settings = settings};
    return signature_check(credential, &headers, "https://h.example", "/p?q", &form, "", 0);
}

static void test_either_of_two_tokens(void **state)
{
    (void)state;
    char signature[CRYPTO_SHA1_BASE64];
    const struct credential first = {.tokens = {TOKEN, "other"}}, second = {.tokens = {"x", TOKEN}},
                            neither = {.tokens = {"x", "other"}};
    sign("https://h.example/p?q", signature);
    assert_int_equal(by_settings(&first, NULL, signature), SIGNATURE_GOOD);
    assert_int_equal(by_settings(&second, NULL, signature), SIGNATURE_GOOD);
    assert_int_equal(by_settings(&second, "", signature), SIGNATURE_GOOD);
    assert_int_equal(by_settings(&neither, NULL, signature), SIGNATURE_MISMATCH);
}

/* Only the shared key that is named, and only with the algorithm that is named. */
static void test_shared_keys(void **state)
{
    (void)state;
    unsigned char mac[CRYPTO_SHA256_SIZE];
    char signature[CRYPTO_SHA256_BASE64], sha1[CRYPTO_SHA1_BASE64];
    static const char SIGNED[] = "https://h.example/p?q";
    const struct credential credential = {
        .tokens = {"the token"},
        .shared_keys = {{"webhooks_sharedkey_a", "another"}, {"webhooks_sharedkey_b", TOKEN}}};
    static const struct {
        const char *settings;
        enum signature_verdict sha256, sha1;
    } cases[] = {
        {"key=webhooks_sharedkey_b,algorithm=HMAC_SHA256", SIGNATURE_GOOD, SIGNATURE_MISMATCH},
        {" algorithm=HMAC_SHA256 , key=webhooks_sharedkey_b ", SIGNATURE_GOOD, SIGNATURE_MISMATCH},
        {"key=webhooks_sharedkey_b,algorithm=HMAC_SHA1", SIGNATURE_MISMATCH, SIGNATURE_GOOD},
        {"key=webhooks_sharedkey_b", SIGNATURE_MISMATCH, SIGNATURE_GOOD},
        {"key=webhooks_sharedkey_a,algorithm=HMAC_SHA256", SIGNATURE_MISMATCH, SIGNATURE_MISMATCH},
        {"key=webhooks_sharedkey_,algorithm=HMAC_SHA256", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
        {"key=webhooks_sharedkey_bb,algorithm=HMAC_SHA256", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
        {"key=,algorithm=HMAC_SHA256", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
        {"algorithm=HMAC_SHA256", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
        {"monkey=webhooks_sharedkey_b", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
        {"key=webhooks_sharedkey_b,algorithm=NONE", SIGNATURE_NO_ALGORITHM, SIGNATURE_NO_ALGORITHM},
        {",,=,", SIGNATURE_NO_TOKEN, SIGNATURE_NO_TOKEN},
    };
    assert_true(crypto_hmac_sha256(TOKEN, SIGNED, strlen(SIGNED), mac));
    crypto_base64(mac, sizeof mac, signature);
    sign(SIGNED, sha1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(by_settings(&credential, cases[i].settings, signature), cases[i].sha256);
        assert_int_equal(by_settings(&credential, cases[i].settings, sha1), cases[i].sha1);
    }
    /* Who has shared keys goes on signing with the token where no rule says otherwise. */
    assert_true(crypto_hmac_sha1("the token", SIGNED, strlen(SIGNED), mac));
    crypto_base64(mac, CRYPTO_SHA1_SIZE, sha1);
    assert_int_equal(by_settings(&credential, NULL, sha1), SIGNATURE_GOOD);
    assert_int_equal(by_settings(&credential, "key=webhooks_sharedkey_b", sha1),
                     SIGNATURE_MISMATCH);
}

/* The signature covers the URL alone, and the hash in it covers the body. */
static void test_body_hash(void **state)
{
    (void)state;
    static const struct {
        const char *target, *body;
        enum signature_verdict verdict;
    } cases[] = {
        /* SHA-256 of "abc", FIPS 180-2, B.1 */
        {"/p?bodySHA256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc",
         SIGNATURE_GOOD},
        {"/p?a=1&bodySHA256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad&b=2",
         "abc", SIGNATURE_GOOD},
        {"/p?bodySHA256=" EMPTY_SHA256, "", SIGNATURE_GOOD},
        {"/p?bodySHA256=" EMPTY_SHA256, "abc", SIGNATURE_BAD_BODY},
        {"/p?bodySHA256=BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "abc",
         SIGNATURE_BAD_BODY},
        {"/p?bodySHA256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a", "abc",
         SIGNATURE_BAD_BODY},
        {"/p?bodySHA256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015add", "abc",
         SIGNATURE_BAD_BODY},
        {"/p?bodySHA256=", "", SIGNATURE_BAD_BODY},
        {"/p?bodySHA256=&bodySHA256=" EMPTY_SHA256, "", SIGNATURE_BAD_BODY},
        /* No hash of the body, so parameters are signed, and these were not. */
        {"/p?xbodySHA256=" EMPTY_SHA256, "a=1", SIGNATURE_MISMATCH},
        {"/p?bodysha256=" EMPTY_SHA256, "a=1", SIGNATURE_MISMATCH},
        {"/bodySHA256=" EMPTY_SHA256, "a=1", SIGNATURE_MISMATCH},
        {"/p?bodySHA256", "a=1", SIGNATURE_MISMATCH},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char url[256];
        char signature[CRYPTO_SHA1_BASE64];
        int len = snprintf(url, sizeof url, "https://h%s", cases[i].target);
        assert_in_range(len, 1, sizeof url - 1);
        assert_int_equal(check("https://h", cases[i].target, cases[i].body, sign(url, signature)),
                         cases[i].verdict);
    }
}

static void test_body_hash_alone_proves_nothing(void **state)
{
    (void)state;
    assert_int_equal(check("https://h", "/p?bodySHA256=" EMPTY_SHA256, "", P_SIGNATURE),
                     SIGNATURE_MISMATCH);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(signature_verdict_name(SIGNATURE_GOOD), "good");
    assert_string_equal(signature_verdict_name(SIGNATURE_NO_HEADER), "no_header");
    assert_string_equal(signature_verdict_name(SIGNATURE_NO_TOKEN), "no_token");
    assert_string_equal(signature_verdict_name(SIGNATURE_BAD_BODY), "bad_body");
    assert_string_equal(signature_verdict_name(SIGNATURE_MISMATCH), "mismatch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_ports_and_userinfo),
        cmocka_unit_test(test_order_of_parameters),
        cmocka_unit_test(test_wrong_signatures),
        cmocka_unit_test(test_missing_pieces),
        cmocka_unit_test(test_either_of_two_tokens),
        cmocka_unit_test(test_shared_keys),
        cmocka_unit_test(test_body_hash),
        cmocka_unit_test(test_body_hash_alone_proves_nothing),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
