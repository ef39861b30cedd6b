#include "encryption.h"

#include <string.h>

#include "base/text.h"
#include "clients/crypto.h"
#include "clients/json.h"

const char *encryption_kept(const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    bool fits = strnlen(text, ENCRYPTION_TEXT_SIZE) < ENCRYPTION_TEXT_SIZE;
    return fits && text_is_utf8(text) ? text : "{}";
}

/* Base64 under either of two names. */
static bool read_bytes(const struct json *details, const char *name, const char *other_name,
                       unsigned char *out, size_t size, size_t *len)
{
    const char *text = json_text_at(details, name);
    text = text != NULL ? text : json_text_at(details, other_name);
    return text != NULL && crypto_unbase64(text, out, size, len) && *len > 0;
}

enum result encryption_read(const char *text, struct encryption_details *out)
{
    struct json *details;
    *out = (struct encryption_details){.cek_len = 0};
    enum result result = json_parse(text, strlen(text), &details);
    if (result != RESULT_OK) {
        return result;
    }
    bool good = read_bytes(details, "encryption_cek", "encrypted_cek", out->cek, sizeof out->cek,
                           &out->cek_len) &&
                read_bytes(details, "encryption_iv", "iv", out->iv, sizeof out->iv, &out->iv_len);
    json_free(details);
    return good ? RESULT_OK : RESULT_INVALID;
}
