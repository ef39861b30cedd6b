#include "decryption.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/private_file.h"
#include "base/read_at.h"
#include "clients/crypto.h"
#include "twilio/encryption.h"

enum { PEM_MAX = 64 * 1024, PIECE = 16 * 1024 };

struct decryption {
    unsigned char key[CRYPTO_AES_KEY_SIZE];
    struct encryption_details details;
    struct crypto_gcm *gcm;
    unsigned char tail[DECRYPTION_TAG_SIZE]; /* the last bytes that came */
    size_t tail_len;
    unsigned char plain[PIECE];
};

/* ---- the key ---- */

static enum result unwrap(struct decryption *d, const char *path)
{
    struct stat st;
    int fd;
    enum result result = private_file_open(path, &fd, &st);
    char *pem = result == RESULT_OK ? malloc(PEM_MAX) : NULL;
    if (result != RESULT_OK) {
        return RESULT_FAILED;
    }
    result = RESULT_FAILED;
    size_t len = (size_t)st.st_size;
    if (pem != NULL && len < PEM_MAX && read_at(fd, 0, (unsigned char *)pem, len) == len) {
        bool good = crypto_unwrap(pem, len, d->details.cek, d->details.cek_len, d->key);
        result = good ? RESULT_OK : RESULT_DENIED;
    }
    if (pem != NULL) {
        explicit_bzero(pem, PEM_MAX);
    }
    free(pem);
    close(fd);
    return result;
}

enum result decryption_new(const struct config *config, const char *details,
                           struct decryption **out)
{
    struct decryption *d = calloc(1, sizeof *d);
    enum result result = RESULT_DENIED;
    *out = NULL;
    if (d == NULL) {
        return RESULT_FAILED;
    }
    if (config->twilio_private_key_file[0] != '\0' &&
        encryption_read(details, &d->details) == RESULT_OK) {
        result = unwrap(d, config->twilio_private_key_file);
    }
    if (result != RESULT_OK) {
        decryption_free(d);
        return result;
    }
    *out = d;
    return RESULT_OK;
}

void decryption_free(struct decryption *decryption)
{
    if (decryption != NULL) {
        crypto_gcm_free(decryption->gcm);
        explicit_bzero(decryption, sizeof *decryption);
        free(decryption);
    }
}

/* ---- the recording ---- */

enum result decryption_begin(struct decryption *decryption)
{
    crypto_gcm_free(decryption->gcm);
    decryption->tail_len = 0;
    decryption->gcm =
        crypto_gcm_new(decryption->key, decryption->details.iv, decryption->details.iv_len);
    return decryption->gcm != NULL ? RESULT_OK : RESULT_FAILED;
}

static enum result put(struct decryption *d, struct file_part *part, const unsigned char *bytes,
                       size_t len)
{
    enum result result = RESULT_OK;
    while (result == RESULT_OK && len > 0) {
        size_t piece = len < PIECE ? len : PIECE;
        result = crypto_gcm_add(d->gcm, bytes, piece, d->plain)
                     ? file_part_write(part, (const char *)d->plain, piece)
                     : RESULT_FAILED;
        bytes += piece;
        len -= piece;
    }
    return result;
}

enum result decryption_write(struct decryption *decryption, struct file_part *part,
                             const char *bytes, size_t len)
{
    struct decryption *d = decryption;
    const unsigned char *at = (const unsigned char *)bytes;
    size_t all = d->tail_len + len;
    size_t known = all > DECRYPTION_TAG_SIZE ? all - DECRYPTION_TAG_SIZE : 0; /* no tag */
    size_t of_tail = known < d->tail_len ? known : d->tail_len;
    size_t of_bytes = known - of_tail;
    enum result result = put(d, part, d->tail, of_tail);
    if (result == RESULT_OK) {
        result = put(d, part, at, of_bytes);
    }
    memmove(d->tail, d->tail + of_tail, d->tail_len - of_tail);
    d->tail_len -= of_tail;
    memcpy(d->tail + d->tail_len, at + of_bytes, len - of_bytes);
    d->tail_len += len - of_bytes;
    return result;
}

bool decryption_end(struct decryption *decryption)
{
    return decryption->tail_len == DECRYPTION_TAG_SIZE &&
           crypto_gcm_end(decryption->gcm, decryption->tail);
}
