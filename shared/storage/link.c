#include "link.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "clients/crypto.h"

_Static_assert(LINK_SIZE >
                   sizeof "/media//.flac?exp=&sig=" + 20 + SID_LENGTH + 20 + CRYPTO_SHA256_HEX,
               "the longest link fits");

static bool sign(const char *secret, const struct link *link, char *hex)
{
    char text[LINK_SIZE];
    unsigned char digest[CRYPTO_SHA256_SIZE];
    int n = snprintf(text, sizeof text, "%lld/%s.%s\n%lld", (long long)link->business_id,
                     link->call_sid, audio_extension(link->kind), (long long)link->expires);
    if (n < 0 || (size_t)n >= sizeof text || !crypto_hmac_sha256(secret, text, (size_t)n, digest)) {
        return false;
    }
    text_hex(digest, sizeof digest, hex);
    return true;
}

enum result link_make(const struct config *config, const struct link *link, char *out)
{
    char hex[CRYPTO_SHA256_HEX];
    if (!sign(config->media_secret, link, hex)) {
        return RESULT_FAILED;
    }
    int n =
        snprintf(out, LINK_SIZE, "/media/%lld/%s.%s?exp=%lld&sig=%s", (long long)link->business_id,
                 link->call_sid, audio_extension(link->kind), (long long)link->expires, hex);
    return n > 0 && n < LINK_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

/* What follows this text; NULL where something else stands there, or nothing did before. */
static const char *after(const char *at, const char *text)
{
    size_t len = strlen(text);
    return at != NULL && strncmp(at, text, len) == 0 ? at + len : NULL;
}

/* The same for a number as printf writes it. */
static const char *after_number(const char *at, int64_t number)
{
    char digits[21];
    size_t i = sizeof digits - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && i > 0);
    return after(at, digits + i);
}

bool link_is(const struct link *link, const char *signature, const char *target)
{
    const char *at = after_number(after(target, "/media/"), link->business_id);
    at = after(after(after(after(at, "/"), link->call_sid), "."), audio_extension(link->kind));
    at = after_number(after(at, "?exp="), link->expires);
    at = after(after(at, "&sig="), signature);
    return at != NULL && *at == '\0';
}

static bool signed_with(const char *secret, const struct link *link, const char *signature)
{
    char hex[CRYPTO_SHA256_HEX];
    return secret[0] != '\0' && sign(secret, link, hex) && crypto_same(hex, signature);
}

bool link_holds(const struct config *config, const struct link *link, const char *signature,
                int64_t now)
{
    bool good = signed_with(config->media_secret, link, signature) ||
                signed_with(config->media_secret_previous, link, signature);
    return good && now < link->expires;
}
