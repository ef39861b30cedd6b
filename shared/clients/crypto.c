#include "crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/text.h"

enum { TOKEN_BYTES = 16 };

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
