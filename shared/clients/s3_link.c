/*
 * Links signed by their query: AWS Signature Version 4, "Authenticating Requests: Using Query
 * Parameters".
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "s3.h"
#include "s3_request.h"

enum { LONGEST_S = 7 * 86400, STAMP_SIZE = sizeof "20261120T233500Z", DATE_LENGTH = 8 };

/* "20261120T233500Z" */
static void write_stamp(int64_t now, char stamp[STAMP_SIZE])
{
    char iso[CLOCK_ISO_SIZE];
    size_t n = 0;
    clock_iso(now, iso);
    for (const char *c = iso; *c != '\0' && *c != '+' && n < STAMP_SIZE - 2; c++) {
        if (*c != '-' && *c != ':') {
            stamp[n++] = *c;
        }
    }
    stamp[n++] = 'Z';
    stamp[n] = '\0';
}

/* All but the unreserved characters, in upper-case hex (RFC 3986, 2.3). */
static void add_escaped(struct buf *out, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (s3_is_unreserved(*c)) {
            buf_add(out, c, 1);
        } else {
            buf_format(out, "%%%02X", (unsigned)(unsigned char)*c);
        }
    }
}

/* In the order of the names' bytes, as the signature wants them. */
static void add_query(struct buf *out, const struct config *config, const struct s3_link *link,
                      const char *stamp)
{
    int64_t ttl = link->ttl_s < LONGEST_S ? link->ttl_s : LONGEST_S;
    buf_text(out, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=");
    add_escaped(out, config->s3_access_key);
    buf_format(out, "%%2F%.8s%%2F%s%%2Fs3%%2Faws4_request", stamp, config->s3_region);
    buf_format(out, "&X-Amz-Date=%s&X-Amz-Expires=%lld&X-Amz-SignedHeaders=host", stamp,
               (long long)ttl);
    buf_text(out, "&response-content-disposition=");
    add_escaped(out, link->disposition);
    buf_text(out, "&response-content-type=");
    add_escaped(out, link->content_type);
}

/* Amazon, "Deriving the signing key": each part is signed with what the one before gave. */
static bool signing_key(const struct config *config, const char *stamp,
                        unsigned char key[CRYPTO_SHA256_SIZE])
{
    const char *const parts[] = {config->s3_region, "s3", "aws4_request"};
    unsigned char next[CRYPTO_SHA256_SIZE];
    char first[512];
    int n = snprintf(first, sizeof first, "AWS4%s", config->s3_secret_key);
    bool good =
        n > 0 && (size_t)n < sizeof first && crypto_hmac_sha256(first, stamp, DATE_LENGTH, key);
    for (size_t i = 0; good && i < sizeof parts / sizeof *parts; i++) {
        good = crypto_hmac_sha256_with(key, CRYPTO_SHA256_SIZE, parts[i], strlen(parts[i]), next);
        memcpy(key, next, sizeof next);
    }
    return good;
}

static bool sign(const struct config *config, const char *stamp, const struct buf *canonical,
                 char signature[CRYPTO_SHA256_HEX])
{
    char digest[CRYPTO_SHA256_HEX], text[512];
    unsigned char key[CRYPTO_SHA256_SIZE], mac[CRYPTO_SHA256_SIZE];
    if (!crypto_sha256_hex(buf_str(canonical), canonical->len, digest)) {
        return false;
    }
    int n = snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n%s\n%.8s/%s/s3/aws4_request\n%s", stamp,
                     stamp, config->s3_region, digest);
    if (n < 0 || (size_t)n >= sizeof text || !signing_key(config, stamp, key) ||
        !crypto_hmac_sha256_with(key, sizeof key, text, (size_t)n, mac)) {
        return false;
    }
    text_hex(mac, sizeof mac, signature);
    return true;
}

enum result s3_link(const struct s3 *s3, const struct s3_link *link, char *out)
{
    const struct config *config = s3_config(s3);
    struct s3_address address;
    struct buf query, canonical;
    char stamp[STAMP_SIZE], signature[CRYPTO_SHA256_HEX];
    enum result result = s3_address(config, link->key, &address);
    buf_init(&query, S3_URL_SIZE);
    buf_init(&canonical, 2 * S3_URL_SIZE);
    write_stamp(link->now, stamp);
    add_query(&query, config, link, stamp);
    buf_format(&canonical, "GET\n%s\n%s\nhost:%s\n\nhost\nUNSIGNED-PAYLOAD", address.path,
               buf_str(&query), address.host);
    if (result == RESULT_OK &&
        (!buf_ok(&query) || !buf_ok(&canonical) || !sign(config, stamp, &canonical, signature))) {
        result = RESULT_FAILED;
    }
    if (result == RESULT_OK) {
        int n = snprintf(out, S3_URL_SIZE, "%s%s%s?%s&X-Amz-Signature=%s", address.scheme,
                         address.host, address.path, buf_str(&query), signature);
        result = n > 0 && n < S3_URL_SIZE ? RESULT_OK : RESULT_TOO_BIG;
    }
    buf_free(&query);
    buf_free(&canonical);
    return result;
}
