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

static bool write_link(const struct link *link, const char *signature, char out[LINK_SIZE])
{
    int n =
        snprintf(out, LINK_SIZE, "/media/%lld/%s.%s?exp=%lld&sig=%s", (long long)link->business_id,
                 link->call_sid, audio_extension(link->kind), (long long)link->expires, signature);
    return n > 0 && n < LINK_SIZE;
}

enum result link_make(const struct config *config, const struct link *link, char *out)
{
    char hex[CRYPTO_SHA256_HEX];
    if (!sign(config->media_secret, link, hex)) {
        return RESULT_FAILED;
    }
    return write_link(link, hex, out) ? RESULT_OK : RESULT_TOO_BIG;
}

bool link_is(const struct link *link, const char *signature, const char *target)
{
    char own[LINK_SIZE];
    return write_link(link, signature, own) && strcmp(own, target) == 0;
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
