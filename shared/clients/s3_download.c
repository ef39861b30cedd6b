/* Whole objects, and whether their bytes are those that were stored. */
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/text.h"
#include "s3.h"
#include "s3_request.h"

struct s3_download {
    struct magic magic;
    struct s3_exchange *exchange;
    struct crypto_digest *digest;
    int64_t size, got;
    char sha256[CRYPTO_SHA256_HEX];
    s3_taker *take;      /* NULL: nobody wants them */
    s3_downloaded *done; /* NULL: it is waited for */
    void *context;       /* of both */
};

static bool take_some(void *context, const char *bytes, size_t len)
{
    struct s3_download *d = CHECKED(s3_download, context);
    d->got += (int64_t)len;
    return d->got <= d->size && crypto_digest_add(d->digest, bytes, len) &&
           (d->take == NULL || d->take(d->context, bytes, len));
}

static bool adds_up(struct s3_download *d)
{
    unsigned char sum[CRYPTO_SHA256_SIZE];
    char hex[CRYPTO_SHA256_HEX];
    if (d->got != d->size || !crypto_digest_end(d->digest, sum)) {
        return false;
    }
    text_hex(sum, sizeof sum, hex);
    return d->sha256[0] == '\0' || strcmp(hex, d->sha256) == 0;
}

/* A bucket that is not there is the operator's mistake, and says nothing about the object. */
static enum s3_outcome judge(struct s3_download *d, const struct s3_answer *answer)
{
    if (answer->outcome == S3_NOT_FOUND && strstr(buf_str(&answer->body), "NoSuchBucket") != NULL) {
        return S3_REFUSED;
    }
    if (d->got > d->size) {
        return S3_DIFFERS;
    }
    return answer->outcome != S3_OK || adds_up(d) ? answer->outcome : S3_DIFFERS;
}

static bool prepare(struct s3_download *d, const struct s3_wanted *wanted)
{
    d->size = wanted->size;
    memcpy(d->sha256, wanted->sha256, strnlen(wanted->sha256, sizeof d->sha256 - 1));
    d->digest = crypto_digest_new(CRYPTO_SHA256);
    return d->digest != NULL;
}

static struct s3_request request_of(struct s3_download *d, const struct s3_wanted *wanted)
{
    return (struct s3_request){.method = HTTP_GET,
                               .key = wanted->key,
                               .sha256 = S3_EMPTY_SHA256,
                               .timeout_ms = wanted->timeout_ms,
                               .take = take_some,
                               .context = d};
}

static void free_download(struct s3_download *d)
{
    crypto_digest_free(d->digest);
    free(d);
}

/* ---- beside other things ---- */

static void on_done(void *context, const struct s3_answer *answer)
{
    struct s3_download *d = CHECKED(s3_download, context);
    enum s3_outcome outcome = judge(d, answer);
    d->done(d->context, outcome);
    free_download(d);
}

struct s3_download *s3_download_start(struct s3 *s3, struct http *http,
                                      const struct s3_wanted *wanted, s3_taker *take,
                                      s3_downloaded *done, void *context)
{
    struct s3_download *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->magic = MAGIC(s3_download);
    d->take = take;
    d->done = done;
    d->context = context;
    if (prepare(d, wanted)) {
        struct s3_request request = request_of(d, wanted);
        request.done = on_done;
        d->exchange = s3_begin(s3, http, &request);
    }
    if (d->exchange == NULL) {
        free_download(d);
        return NULL;
    }
    return d;
}

void s3_download_cancel(struct s3_download *d)
{
    if (d != NULL) {
        s3_forget(d->exchange);
        free_download(d);
    }
}

/* ---- waited for ---- */

enum s3_outcome s3_get(struct s3 *s3, const struct s3_wanted *wanted, s3_taker *take, void *context)
{
    struct s3_download d = {.magic = MAGIC(s3_download), .take = take, .context = context};
    struct s3_answer answer;
    if (!prepare(&d, wanted)) {
        return S3_FAILED;
    }
    struct s3_request request = request_of(&d, wanted);
    answer.outcome = s3_ask(s3, &request, &answer);
    enum s3_outcome outcome = judge(&d, &answer);
    crypto_digest_free(d.digest);
    buf_free(&answer.body);
    return outcome;
}
