#include "crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/text.h"

enum { TOKEN_BYTES = 16, RSA_KEYS_MAX = 16, RSA_BYTES_MAX = 2048 };

/* What callers make room for. */
_Static_assert(CRYPTO_SHA256_HEX == 2 * CRYPTO_SHA256_SIZE + 1, "two digits a byte, and a NUL");
_Static_assert(CRYPTO_SHA1_BASE64 == 4 * ((CRYPTO_SHA1_SIZE + 2) / 3) + 1, "RFC 4648, 4");
_Static_assert(CRYPTO_SHA256_BASE64 == 4 * ((CRYPTO_SHA256_SIZE + 2) / 3) + 1, "RFC 4648, 4");
_Static_assert(CRYPTO_MD5_HEX == 2 * CRYPTO_MD5_SIZE + 1, "two digits a byte, and a NUL");
_Static_assert(CRYPTO_MD5_BASE64 == 4 * ((CRYPTO_MD5_SIZE + 2) / 3) + 1, "RFC 4648, 4");
_Static_assert(CRYPTO_TOKEN_SIZE == 2 * TOKEN_BYTES + 1, "two digits a byte, and a NUL");

static bool hmac(const EVP_MD *digest, const char *key, const void *data, size_t len,
                 unsigned char *out)
{
    size_t key_len = strlen(key);
    unsigned int out_len = 0;
    return key_len <= INT_MAX && HMAC(digest, key, (int)key_len, data, len, out, &out_len) != NULL;
}

bool crypto_hmac_sha1(const char *key, const void *data, size_t len, unsigned char *out)
{
    return hmac(EVP_sha1(), key, data, len, out);
}

bool crypto_hmac_sha256(const char *key, const void *data, size_t len, unsigned char *out)
{
    return hmac(EVP_sha256(), key, data, len, out);
}

bool crypto_hmac_sha256_with(const unsigned char *key, size_t key_len, const void *data, size_t len,
                             unsigned char *out)
{
    unsigned int out_len = 0;
    return key_len <= INT_MAX &&
           HMAC(EVP_sha256(), key, (int)key_len, data, len, out, &out_len) != NULL;
}

bool crypto_sha256_hex(const void *data, size_t len, char *out)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int bytes_len = 0;
    if (EVP_Digest(data, len, bytes, &bytes_len, EVP_sha256(), NULL) != 1) {
        return false;
    }
    text_hex(bytes, bytes_len, out);
    return true;
}

/* ---- piece by piece ---- */

struct crypto_digest {
    EVP_MD_CTX *context;
    const EVP_MD *kind;
};

struct crypto_digest *crypto_digest_new(enum crypto_digest_kind kind)
{
    struct crypto_digest *digest = calloc(1, sizeof *digest);
    if (digest == NULL) {
        return NULL;
    }
    digest->kind = kind == CRYPTO_MD5 ? EVP_md5() : EVP_sha256();
    digest->context = EVP_MD_CTX_new();
    if (digest->context == NULL || EVP_DigestInit_ex(digest->context, digest->kind, NULL) != 1) {
        crypto_digest_free(digest);
        return NULL;
    }
    return digest;
}

void crypto_digest_free(struct crypto_digest *digest)
{
    if (digest != NULL) {
        EVP_MD_CTX_free(digest->context);
        free(digest);
    }
}

bool crypto_digest_add(struct crypto_digest *digest, const void *bytes, size_t len)
{
    return EVP_DigestUpdate(digest->context, bytes, len) == 1;
}

bool crypto_digest_end(struct crypto_digest *digest, unsigned char *out)
{
    return EVP_DigestFinal_ex(digest->context, out, NULL) == 1 &&
           EVP_DigestInit_ex(digest->context, digest->kind, NULL) == 1;
}

void crypto_base64(const unsigned char *bytes, size_t len, char *out)
{
    enum { BLOCK = 3 * 1024 }; /* EVP_EncodeBlock counts in int; whole triples join seamlessly */
    out[0] = '\0';
    while (len > 0) {
        size_t part = len < BLOCK ? len : BLOCK;
        out += EVP_EncodeBlock((unsigned char *)out, bytes, (int)part);
        bytes += part;
        len -= part;
    }
}

bool crypto_same(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

bool crypto_token(char *out)
{
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) { /* never less up to 256 */
        return false;
    }
    text_hex(bytes, sizeof bytes, out);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return true;
}

bool crypto_unbase64(const char *text, unsigned char *out, size_t size, size_t *len)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t all = strlen(text), digits = strspn(text, ALPHABET), padding = all - digits;
    if (all % 4 != 0 || all > INT_MAX || all / 4 * 3 > size || padding > 2 ||
        strspn(text + digits, "=") != padding ||
        EVP_DecodeBlock(out, (const unsigned char *)text, (int)all) < 0) {
        return false;
    }
    *len = all / 4 * 3 - padding;
    return true;
}

/* ---- keys in keys ---- */

/* Whoever runs us is not asked for one. */
static int no_passphrase(char *out, int size, int writing, void *context)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool unwrap_with(EVP_PKEY *pkey, const unsigned char *wrapped, size_t len,
                        unsigned char *key)
{
    unsigned char plain[RSA_BYTES_MAX];
    size_t plain_len = sizeof plain;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    bool good = context != NULL && EVP_PKEY_get_size(pkey) <= RSA_BYTES_MAX &&
                EVP_PKEY_decrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_decrypt(context, plain, &plain_len, wrapped, len) == 1 &&
                plain_len == CRYPTO_AES_KEY_SIZE;
    if (good) {
        memcpy(key, plain, CRYPTO_AES_KEY_SIZE);
    }
    OPENSSL_cleanse(plain, sizeof plain);
    EVP_PKEY_CTX_free(context);
    return good;
}

bool crypto_unwrap(const char *pem, size_t pem_len, const unsigned char *wrapped, size_t len,
                   unsigned char *key)
{
    BIO *bio = pem_len <= INT_MAX ? BIO_new_mem_buf(pem, (int)pem_len) : NULL;
    EVP_PKEY *pkey = NULL;
    bool good = false;
    for (int i = 0; bio != NULL && !good && i < RSA_KEYS_MAX; i++) {
        pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
        if (pkey == NULL) {
            break;
        }
        good = unwrap_with(pkey, wrapped, len, key);
        EVP_PKEY_free(pkey);
    }
    BIO_free(bio);
    ERR_clear_error();
    return good;
}

/* ---- decrypting ---- */

struct crypto_gcm {
    EVP_CIPHER_CTX *context;
};

struct crypto_gcm *crypto_gcm_new(const unsigned char *key, const unsigned char *iv, size_t iv_len)
{
    struct crypto_gcm *gcm = calloc(1, sizeof *gcm);
    if (gcm == NULL) {
        return NULL;
    }
    gcm->context = EVP_CIPHER_CTX_new();
    if (gcm->context == NULL || iv_len > INT_MAX ||
        EVP_DecryptInit_ex(gcm->context, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm->context, EVP_CTRL_AEAD_SET_IVLEN, (int)iv_len, NULL) != 1 ||
        EVP_DecryptInit_ex(gcm->context, NULL, NULL, key, iv) != 1) {
        crypto_gcm_free(gcm);
        return NULL;
    }
    return gcm;
}

bool crypto_gcm_add(struct crypto_gcm *gcm, const unsigned char *bytes, size_t len,
                    unsigned char *out)
{
    int n = 0;
    return len <= INT_MAX && EVP_DecryptUpdate(gcm->context, out, &n, bytes, (int)len) == 1 &&
           (size_t)n == len;
}

bool crypto_gcm_end(struct crypto_gcm *gcm, const unsigned char *tag)
{
    unsigned char copy[CRYPTO_GCM_TAG_SIZE], none[1];
    int n = 0;
    memcpy(copy, tag, sizeof copy);
    return EVP_CIPHER_CTX_ctrl(gcm->context, EVP_CTRL_AEAD_SET_TAG, sizeof copy, copy) == 1 &&
           EVP_DecryptFinal_ex(gcm->context, none, &n) == 1;
}

void crypto_gcm_free(struct crypto_gcm *gcm)
{
    if (gcm != NULL) {
        EVP_CIPHER_CTX_free(gcm->context);
        free(gcm);
    }
}
