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
    CRYPTO_AES_KEY_SIZE = 32,
    CRYPTO_GCM_TAG_SIZE = 16,
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

/* The bytes of Base64 text with its padding. False: it is none, or `out` has not `size` for it. */
bool crypto_unbase64(const char *text, unsigned char *out, size_t size, size_t *len);

/* Decrypts a key of CRYPTO_AES_KEY_SIZE bytes by RSAES-OAEP with SHA-256 (RFC 8017, 7.1). `pem` has
 * one or more private keys without a passphrase; each is tried. False: none of them fits. */
bool crypto_unwrap(const char *pem, size_t pem_len, const unsigned char *wrapped, size_t len,
                   unsigned char *key);

/* AES-256-GCM (NIST SP 800-38D), decrypted piece by piece; `out` holds as much as comes in. It may
 * be believed only when crypto_gcm_end has said that the tag is right. NULL when libcrypto refuses;
 * crypto_gcm_free(NULL) is safe. */
struct crypto_gcm;
struct crypto_gcm *crypto_gcm_new(const unsigned char *key, const unsigned char *iv, size_t iv_len);
bool crypto_gcm_add(struct crypto_gcm *gcm, const unsigned char *bytes, size_t len,
                    unsigned char *out);
bool crypto_gcm_end(struct crypto_gcm *gcm, const unsigned char *tag);
void crypto_gcm_free(struct crypto_gcm *gcm);

/* Equality in a time that depends on the lengths alone. */
bool crypto_same(const char *a, const char *b);

/* 128 random bits as hex into `out` (CRYPTO_TOKEN_SIZE bytes). False when the system has none. */
bool crypto_token(char *out);

#endif
