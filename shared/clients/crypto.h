/*
 * The few cryptographic functions that the project needs; the only home of OpenSSL's headers.
 */
#ifndef TAPEDECK_CLIENTS_CRYPTO_H
#define TAPEDECK_CLIENTS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CRYPTO_MD5_SIZE = 16,
    CRYPTO_SHA1_SIZE = 20,
    CRYPTO_SHA256_SIZE = 32,
    CRYPTO_SHA256_HEX = 65, /* with the NUL */
    CRYPTO_SHA1_BASE64 = 29,
    CRYPTO_SHA256_BASE64 = 45,
    CRYPTO_MD5_HEX = 33,
    CRYPTO_MD5_BASE64 = 25,
    CRYPTO_TOKEN_SIZE = 33,
};

/* HMAC (RFC 2104). `out` holds the digest's size. False when libcrypto refuses. */
bool crypto_hmac_sha1(const char *key, const void *data, size_t len, unsigned char *out);
bool crypto_hmac_sha256(const char *key, const void *data, size_t len, unsigned char *out);

/* The same with a key that is no text: what another HMAC gave. */
bool crypto_hmac_sha256_with(const unsigned char *key, size_t key_len, const void *data, size_t len,
                             unsigned char *out);

/* Lowercase hex digest; `out` holds CRYPTO_SHA256_HEX bytes. */
bool crypto_sha256_hex(const void *data, size_t len, char *out);

/* A digest of bytes that come piece by piece. NULL when libcrypto has no such, or no memory;
 * crypto_digest_free(NULL) is safe. After crypto_digest_end it begins anew. */
enum crypto_digest_kind { CRYPTO_MD5, CRYPTO_SHA256 };
struct crypto_digest;
struct crypto_digest *crypto_digest_new(enum crypto_digest_kind kind);
void crypto_digest_free(struct crypto_digest *digest);
bool crypto_digest_add(struct crypto_digest *digest, const void *bytes, size_t len);
bool crypto_digest_end(struct crypto_digest *digest, unsigned char *out);

/* Base64 with padding (RFC 4648, 4); `out` holds 4 * ceil(len / 3) + 1 bytes. */
void crypto_base64(const unsigned char *bytes, size_t len, char *out);

/* Equality in a time that depends on the lengths alone. */
bool crypto_same(const char *a, const char *b);

/* 128 random bits as hex into `out` (CRYPTO_TOKEN_SIZE bytes). False when the system has none. */
bool crypto_token(char *out);

#endif
