/*
 * An encrypted recording, decrypted while it arrives (twilio/encryption.h says how).
 *
 * The private key is read from TWILIO_PRIVATE_KEY_FILE when a transfer begins, and forgotten as
 * soon as it has given the recording's own key. The last bytes are held back: they are the tag that
 * all others are checked with, at the end. So nothing may be played, nor finished, before
 * decryption_end.
 */
#ifndef TAPEDECK_JOBS_RUNNER_DECRYPTION_H
#define TAPEDECK_JOBS_RUNNER_DECRYPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "config/config.h"
#include "storage/file.h"

enum { DECRYPTION_TAG_SIZE = 16 };

struct decryption;

/* RESULT_DENIED: there is no private key that fits, or `details` do not say how. RESULT_FAILED: the
 * key's file cannot be read, or others may read it; or no memory. Free with decryption_free; NULL
 * is safe. */
enum result decryption_new(const struct config *config, const char *details,
                           struct decryption **out);
void decryption_free(struct decryption *decryption);

/* The recording comes from its first byte (once more). */
enum result decryption_begin(struct decryption *decryption);

/* Writes what these bytes say into the part. RESULT_FAILED: the part's `error` says why; 0: it was
 * not the disk. */
enum result decryption_write(struct decryption *decryption, struct file_part *part,
                             const char *bytes, size_t len);

/* All of it has come. False: something was changed, or is missing. */
bool decryption_end(struct decryption *decryption);

#endif
