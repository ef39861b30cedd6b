#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "clients/crypto.h"

static void test_hmac_sha1(void **state)
{
    (void)state;
    static const struct {
        const char *key, *data, *hex;
    } cases[] = {
        /* RFC 2202, 3, case 2 */
        {"Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
        {"key", "The quick brown fox jumps over the lazy dog",
         "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"},
        {"", "", "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char mac[CRYPTO_SHA1_SIZE];
        char hex[2 * CRYPTO_SHA1_SIZE + 1];
        assert_true(crypto_hmac_sha1(cases[i].key, cases[i].data, strlen(cases[i].data), mac));
        text_hex(mac, sizeof mac, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void test_hmac_sha256(void **state)
{
    (void)state;
    static const struct {
        const char *key, *data, *hex;
    } cases[] = {
        /* RFC 4231, 4.3 */
        {"Jefe", "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"key", "The quick brown fox jumps over the lazy dog",
         "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"},
        {"", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char mac[CRYPTO_SHA256_SIZE];
        char hex[CRYPTO_SHA256_HEX];
        assert_true(crypto_hmac_sha256(cases[i].key, cases[i].data, strlen(cases[i].data), mac));
        text_hex(mac, sizeof mac, hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

/* RFC 4231, 4.7: a key longer than the block. */
static void test_hmac_long_key(void **state)
{
    (void)state;
    char key[132];
    memset(key, '\xaa', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    const char *data = "Test Using Larger Than Block-Size Key - Hash Key First";
    unsigned char mac[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    assert_true(crypto_hmac_sha256(key, data, strlen(data), mac));
    text_hex(mac, sizeof mac, hex);
    assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_digests(void **state)
{
    (void)state;
    char sha256[CRYPTO_SHA256_HEX];
    assert_true(crypto_sha256_hex("abc", 3, sha256)); /* FIPS 180-2, B.1 */
    assert_string_equal(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_true(crypto_sha256_hex(NULL, 0, sha256));
    assert_string_equal(sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_true(crypto_sha256_hex("a\0b", 3, sha256));
    assert_string_equal(sha256, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138");
}

static void test_base64(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        /* RFC 4648, 10 */
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "+//+"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t len = strlen(cases[i].in);
        char *out = malloc((len + 2) / 3 * 4 + 1); /* the promised size, and no byte more */
        assert_non_null(out);
        crypto_base64((const unsigned char *)cases[i].in, len, out);
        assert_string_equal(out, cases[i].out);
        free(out);
    }
}

static void test_base64_of_much(void **state)
{
    (void)state;
    enum { LEN = 10001, OUT = (LEN + 2) / 3 * 4 };
    unsigned char *in = malloc(LEN);
    char *out = malloc(OUT + 1);
    assert_non_null(in);
    assert_non_null(out);
    memset(in, 'x', LEN); /* "xxx" is "eHh4" */
    crypto_base64(in, LEN, out);
    assert_int_equal(strlen(out), OUT);
    for (size_t i = 0; i + 4 < OUT; i += 4) {
        assert_memory_equal(out + i, "eHh4", 4);
    }
    assert_string_equal(out + OUT - 4, "eHg=");
    free(in);
    free(out);
}

static void test_same(void **state)
{
    (void)state;
    assert_true(crypto_same("", ""));
    assert_true(crypto_same("abc", "abc"));
    assert_false(crypto_same("abc", "abd"));
    assert_false(crypto_same("abc", "xbc"));
    assert_false(crypto_same("abc", "ab"));
    assert_false(crypto_same("ab", "abc"));
    assert_false(crypto_same("", "a"));
    assert_false(crypto_same("abc", "ABC"));
}

static void test_token(void **state)
{
    (void)state;
    char first[CRYPTO_TOKEN_SIZE];
    char second[CRYPTO_TOKEN_SIZE];
    assert_true(crypto_token(first));
    assert_true(crypto_token(second));
    assert_int_equal(strlen(first), CRYPTO_TOKEN_SIZE - 1);
    assert_int_equal(strspn(first, "0123456789abcdef"), CRYPTO_TOKEN_SIZE - 1);
    assert_string_not_equal(first, second);
    assert_string_not_equal(first, "00000000000000000000000000000000");
}

static void test_unbase64(void **state)
{
    (void)state;
    static const char *const bad[] = {"Zg=",   "Zg",       "Z===", "Zm9v\n",
                                      " Zm9v", "Zm9v!AAA", "====", "=AAA"};
    unsigned char out[6];
    size_t len;
    assert_true(crypto_unbase64("", out, sizeof out, &len));
    assert_int_equal(len, 0);
    assert_true(crypto_unbase64("Zg==", out, sizeof out, &len));
    assert_int_equal(len, 1);
    assert_true(crypto_unbase64("Zm9vYmE=", out, sizeof out, &len));
    assert_int_equal(len, 5);
    assert_memory_equal(out, "fooba", 5);
    assert_true(crypto_unbase64("Zm9vYmFy", out, sizeof out, &len));
    assert_int_equal(len, 6);
    assert_false(crypto_unbase64("Zm9vYmFyAA==", out, sizeof out, &len));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(crypto_unbase64(bad[i], out, sizeof out, &len));
    }
}

/* The GCM Specification (McGrew, Viega), test case 14, in pieces; and with one bit changed. */
static void test_gcm(void **state)
{
    (void)state;
    static const unsigned char KEY[CRYPTO_AES_KEY_SIZE], IV[12], ZEROS[16],
        CIPHER[] = {0xce, 0xa7, 0x40, 0x3d, 0x4d, 0x60, 0x6b, 0x6e,
                    0x07, 0x4e, 0xc5, 0xd3, 0xba, 0xf3, 0x9d, 0x18},
        TAG[] = {0xd0, 0xd1, 0xc8, 0xa7, 0x99, 0x99, 0x6b, 0xf0,
                 0x26, 0x5b, 0x98, 0xb5, 0xd4, 0x8a, 0xb9, 0x19};
    for (int bad = 0; bad < 2; bad++) {
        unsigned char plain[sizeof CIPHER], tag[sizeof TAG];
        struct crypto_gcm *gcm = crypto_gcm_new(KEY, IV, sizeof IV);
        assert_non_null(gcm);
        memcpy(tag, TAG, sizeof tag);
        tag[15] ^= (unsigned char)bad;
        assert_true(crypto_gcm_add(gcm, CIPHER, 5, plain));
        assert_true(crypto_gcm_add(gcm, CIPHER + 5, sizeof CIPHER - 5, plain + 5));
        assert_memory_equal(plain, ZEROS, sizeof plain);
        assert_int_equal(crypto_gcm_end(gcm, tag), bad == 0);
        crypto_gcm_free(gcm);
    }
    crypto_gcm_free(NULL);
}

/* What fits is shown by tests/jobs/runner/test_encrypted.py, with keys that others made. */
static void test_no_private_key(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "nonsense",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v\n-----END PRIVATE KEY-----\n"};
    static const unsigned char WRAPPED[256];
    unsigned char key[CRYPTO_AES_KEY_SIZE];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(crypto_unwrap(bad[i], strlen(bad[i]), WRAPPED, sizeof WRAPPED, key));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hmac_sha1),      cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_hmac_long_key),  cmocka_unit_test(test_digests),
        cmocka_unit_test(test_base64),         cmocka_unit_test(test_base64_of_much),
        cmocka_unit_test(test_same),           cmocka_unit_test(test_token),
        cmocka_unit_test(test_unbase64),       cmocka_unit_test(test_gcm),
        cmocka_unit_test(test_no_private_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
