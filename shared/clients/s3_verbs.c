/* What is asked of the store with one request or two, and waited for. */
#include <stdio.h>

#include "s3.h"
#include "s3_request.h"

bool s3_is_configured(const struct config *config)
{
    return config->s3_endpoint[0] != '\0';
}

const char *s3_outcome_name(enum s3_outcome outcome)
{
    static const char *const NAMES[] = {
        [S3_OK] = "ok",           [S3_NOT_FOUND] = "not_found", [S3_DENIED] = "denied",
        [S3_REFUSED] = "refused", [S3_DIFFERS] = "differs",     [S3_UNAVAILABLE] = "unavailable",
        [S3_FAILED] = "failed",
    };
    return NAMES[outcome];
}

static enum s3_outcome head(struct s3 *s3, const char *key, int64_t timeout_ms,
                            struct s3_facts *facts)
{
    struct s3_answer answer;
    struct s3_request request = {
        .method = HTTP_HEAD, .key = key, .sha256 = S3_EMPTY_SHA256, .timeout_ms = timeout_ms};
    enum s3_outcome outcome = s3_ask(s3, &request, &answer);
    *facts = answer.facts;
    buf_free(&answer.body);
    return outcome;
}

/* A HEAD has no body that would tell a missing object from a missing bucket, which is the
 * operator's mistake and says nothing about the object. */
enum s3_outcome s3_head(struct s3 *s3, const char *key, int64_t timeout_ms, struct s3_facts *out)
{
    struct s3_facts bucket;
    enum s3_outcome outcome = head(s3, key, timeout_ms, out);
    if (outcome != S3_NOT_FOUND) {
        return outcome;
    }
    outcome = head(s3, "", timeout_ms, &bucket);
    switch (outcome) {
    case S3_OK: return S3_NOT_FOUND;
    case S3_NOT_FOUND: return S3_REFUSED;
    default: return outcome;
    }
}

/* Who says that it is deleted has the bucket; who says that it was not there may lack that, too. */
enum s3_outcome s3_delete(struct s3 *s3, const char *key)
{
    struct s3_answer answer;
    struct s3_facts facts;
    struct s3_request request = {.method = HTTP_DELETE, .key = key, .sha256 = S3_EMPTY_SHA256};
    enum s3_outcome outcome = s3_ask(s3, &request, &answer);
    buf_free(&answer.body);
    if (outcome != S3_OK && outcome != S3_NOT_FOUND) {
        return outcome;
    }
    outcome = outcome == S3_OK ? head(s3, key, 0, &facts) : s3_head(s3, key, 0, &facts);
    if (outcome == S3_OK) {
        return S3_DIFFERS;
    }
    return outcome == S3_NOT_FOUND ? S3_OK : outcome;
}

enum s3_outcome s3_get_range(struct s3 *s3, const char *key, int64_t offset, int64_t length,
                             s3_taker *take, void *context)
{
    char range[64];
    const char *const headers[] = {range, NULL};
    struct s3_answer answer;
    struct s3_request request = {.method = HTTP_GET,
                                 .key = key,
                                 .sha256 = S3_EMPTY_SHA256,
                                 .headers = headers,
                                 .status = 206,
                                 .take = take,
                                 .context = context};
    (void)snprintf(range, sizeof range, "Range: bytes=%lld-%lld", (long long)offset,
                   (long long)(offset + length - 1));
    enum s3_outcome outcome = s3_ask(s3, &request, &answer);
    buf_free(&answer.body);
    return outcome;
}
