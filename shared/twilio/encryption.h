/*
 * How an encrypted recording is to be decrypted (Twilio, "Voice recording encryption").
 *
 * Each recording has a content key of its own, encrypted with the account's public key by
 * RSAES-OAEP with SHA-256. The recording is AES-256-GCM; its tag comes behind its last byte.
 * Callbacks and lists tell of it as JSON: {"encryption_public_key_sid": …, "encryption_cek": …,
 * "encryption_iv": …}, or with the names "public_key_sid", "encrypted_cek" and "iv".
 */
#ifndef TAPEDECK_TWILIO_ENCRYPTION_H
#define TAPEDECK_TWILIO_ENCRYPTION_H

#include <stddef.h>

#include "base/result.h"

enum {
    ENCRYPTION_TEXT_SIZE = 2048, /* of the JSON text that is kept, with its NUL */
    ENCRYPTION_CEK_MAX = 1024,   /* of RSA with 8192 bits */
    ENCRYPTION_IV_MAX = 32,
};

struct encryption_details {
    unsigned char cek[ENCRYPTION_CEK_MAX]; /* the content key, encrypted */
    size_t cek_len;
    unsigned char iv[ENCRYPTION_IV_MAX];
    size_t iv_len;
};

/* What is kept of the JSON text: itself, or "{}" where it is too long or no text: that it is
 * encrypted is known all the same. NULL stays NULL. */
const char *encryption_kept(const char *text);

/* RESULT_INVALID: this is not how. */
enum result encryption_read(const char *text, struct encryption_details *out);

#endif
