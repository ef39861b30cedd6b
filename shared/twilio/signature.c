#include "signature.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "clients/crypto.h"

enum { SIGNED_MAX = 4 * 1024 * 1024, SECRETS_MAX = ACCOUNT_TOKENS };

typedef bool hmac(const char *key, const void *data, size_t len, unsigned char *out);

/* How a webhook is signed, and with which secrets it may be. */
struct signer {
    hmac *hmac;
    size_t digest_size;
    const char *secrets[SECRETS_MAX];
    int count;
};

/* "scheme://host:port/path", in pieces that point into it; userinfo is left out. */
struct base {
    const char *scheme;
    size_t scheme_len; /* with "://" */
    const char *host;
    size_t host_len;
    const char *port; /* with its ':', up to the path */
    size_t port_len;
    const char *path;
};

enum port { PORT_CONFIGURED, PORT_NONE, PORT_STANDARD, PORT_CHOICES };

static bool split_base(const char *url, struct base *out)
{
    const char *scheme_end = strstr(url, "://");
    if (scheme_end == NULL) {
        return false;
    }
    const char *host = scheme_end + 3;
    const char *path = host + strcspn(host, "/?#");
    const char *at = memrchr(host, '@', (size_t)(path - host));
    if (at != NULL) {
        host = at + 1;
    }
    const char *port = memrchr(host, ':', (size_t)(path - host));
    /* A colon within brackets belongs to an IPv6 address. */
    if (port == NULL || memchr(port, ']', (size_t)(path - port)) != NULL) {
        port = path;
    }
    *out = (struct base){
        .scheme = url,
        .scheme_len = (size_t)(scheme_end + 3 - url),
        .host = host,
        .host_len = (size_t)(port - host),
        .port = port,
        .port_len = (size_t)(path - port),
        .path = path,
    };
    return true;
}

static const char *standard_port(const struct base *base)
{
    return strncmp(base->scheme, "https://", base->scheme_len) == 0 ? ":443" : ":80";
}

static void add_url(struct buf *b, const struct base *base, enum port port, const char *target)
{
    buf_add(b, base->scheme, base->scheme_len);
    buf_add(b, base->host, base->host_len);
    if (port == PORT_CONFIGURED) {
        buf_add(b, base->port, base->port_len);
    }
    if (port == PORT_STANDARD) {
        buf_text(b, standard_port(base));
    }
    buf_text(b, base->path);
    buf_text(b, target);
}

/* What is signed of the parameters: by name, then by value, of a repeated name the unique ones. */
static bool add_params(struct buf *b, const struct form *params)
{
    struct form_pair *sorted = calloc(params->count + 1, sizeof *sorted);
    if (sorted == NULL) {
        return false;
    }
    if (params->count > 0) {
        memcpy(sorted, params->pairs, params->count * sizeof *sorted);
    }
    qsort(sorted, params->count, sizeof *sorted, form_compare);
    for (size_t i = 0; i < params->count; i++) {
        if (i == 0 || form_compare(&sorted[i - 1], &sorted[i]) != 0) {
            buf_add(b, sorted[i].name, sorted[i].name_len);
            buf_add(b, sorted[i].value, sorted[i].value_len);
        }
    }
    free(sorted);
    return buf_ok(b);
}

static bool is_signature(const char *header, const struct signer *signer, const struct buf *data)
{
    unsigned char mac[CRYPTO_SHA256_SIZE];
    char expected[CRYPTO_SHA256_BASE64];
    bool found = false;
    for (int i = 0; i < signer->count && buf_ok(data) && !found; i++) {
        if (signer->hmac(signer->secrets[i], data->data, data->len, mac)) {
            crypto_base64(mac, signer->digest_size, expected);
            found = crypto_same(expected, header);
        }
    }
    return found;
}

/* Twilio has signed with and without the port over the years, so each way is tried. */
static bool any_url_matches(const char *header, const struct signer *signer,
                            const struct base *base, const char *target, const struct form *params)
{
    struct buf data, rest;
    bool found = false;
    buf_init(&data, SIGNED_MAX);
    buf_init(&rest, SIGNED_MAX);
    bool good = params == NULL || add_params(&rest, params);
    for (int port = 0; port < PORT_CHOICES && good && !found; port++) {
        buf_clear(&data);
        add_url(&data, base, (enum port)port, target);
        buf_add(&data, buf_str(&rest), rest.len);
        found = is_signature(header, signer, &data);
    }
    buf_free(&data);
    buf_free(&rest);
    return found;
}

/* The raw value of bodySHA256 in the query, up to its end or the next '&'; NULL when it has none.
 * Raw is enough: neither the name nor hex digits are ever escaped by Twilio, and the URL is signed.
 */
static const char *body_hash(const char *target, size_t *len)
{
    static const char name[] = "bodySHA256=";
    const char *at = strchr(target, '?');
    while (at != NULL) {
        at++;
        if (strncmp(at, name, sizeof name - 1) == 0) {
            at += sizeof name - 1;
            *len = strcspn(at, "&");
            return at;
        }
        at = strchr(at, '&');
    }
    return NULL;
}

static bool body_matches(const char *hash, size_t hash_len, const char *body, size_t body_len)
{
    char expected[CRYPTO_SHA256_HEX];
    char given[CRYPTO_SHA256_HEX] = "";
    if (hash_len != sizeof given - 1 || !crypto_sha256_hex(body, body_len, expected)) {
        return false;
    }
    memcpy(given, hash, hash_len);
    return crypto_same(expected, given);
}

/* ---- who signs ---- */

/* The value of this name in "name=value,name=value", without the blanks around it. */
static size_t setting(const char *settings, const char *name, const char **value)
{
    size_t name_len = strlen(name);
    for (const char *at = settings; at != NULL;) {
        at += strspn(at, " \t");
        size_t len = strcspn(at, ",");
        const char *next = at[len] == ',' ? at + len + 1 : NULL;
        if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
            *value = at + name_len + 1;
            len -= name_len + 1;
            while (len > 0 && strchr(" \t", (*value)[len - 1]) != NULL) {
                len--;
            }
            return len;
        }
        at = next;
    }
    *value = "";
    return 0;
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

static void add_secret(struct signer *signer, const char *secret)
{
    if (secret != NULL && secret[0] != '\0') {
        signer->secrets[signer->count++] = secret;
    }
}

static enum signature_verdict shared_key_of(const struct credential *credential,
                                            const char *settings, struct signer *signer)
{
    const char *key, *algorithm;
    size_t key_len = setting(settings, "key", &key);
    size_t len = setting(settings, "algorithm", &algorithm);
    if (is_word(algorithm, len, "HMAC_SHA256")) {
        signer->hmac = crypto_hmac_sha256;
        signer->digest_size = CRYPTO_SHA256_SIZE;
    } else if (len > 0 && !is_word(algorithm, len, "HMAC_SHA1")) {
        return SIGNATURE_NO_ALGORITHM;
    }
    for (int i = 0; i < ACCOUNT_SHARED_KEYS && signer->count == 0; i++) {
        const struct account_shared_key *one = &credential->shared_keys[i];
        if (one->name != NULL && is_word(key, key_len, one->name)) {
            add_secret(signer, one->secret);
        }
    }
    return signer->count > 0 ? SIGNATURE_GOOD : SIGNATURE_NO_TOKEN;
}

static enum signature_verdict signer_of(const struct credential *credential, const char *settings,
                                        struct signer *signer)
{
    *signer = (struct signer){.hmac = crypto_hmac_sha1, .digest_size = CRYPTO_SHA1_SIZE};
    if (settings != NULL && settings[0] != '\0') {
        return shared_key_of(credential, settings, signer);
    }
    for (int i = 0; i < ACCOUNT_TOKENS; i++) {
        add_secret(signer, credential->tokens[i]);
    }
    return signer->count > 0 ? SIGNATURE_GOOD : SIGNATURE_NO_TOKEN;
}

enum signature_verdict signature_check(const struct credential *credential,
                                       const struct signature_headers *headers,
                                       const char *base_url, const char *target,
                                       const struct form *params, const char *body, size_t body_len)
{
    struct base base;
    struct signer signer;
    size_t hash_len = 0;
    if (headers->signature == NULL || headers->signature[0] == '\0') {
        return SIGNATURE_NO_HEADER;
    }
    enum signature_verdict verdict = signer_of(credential, headers->settings, &signer);
    if (verdict != SIGNATURE_GOOD) {
        return verdict;
    }
    if (!split_base(base_url, &base)) {
        return SIGNATURE_MISMATCH;
    }
    const char *hash = body_hash(target, &hash_len);
    if (!any_url_matches(headers->signature, &signer, &base, target,
                         hash == NULL ? params : NULL)) {
        return SIGNATURE_MISMATCH;
    }
    if (hash != NULL && !body_matches(hash, hash_len, body, body_len)) {
        return SIGNATURE_BAD_BODY;
    }
    return SIGNATURE_GOOD;
}

const char *signature_verdict_name(enum signature_verdict verdict)
{
    switch (verdict) {
    case SIGNATURE_GOOD: return "good";
    case SIGNATURE_NO_HEADER: return "no_header";
    case SIGNATURE_NO_TOKEN: return "no_token";
    case SIGNATURE_NO_ALGORITHM: return "no_algorithm";
    case SIGNATURE_BAD_BODY: return "bad_body";
    case SIGNATURE_MISMATCH: return "mismatch";
    }
    return "unknown";
}
