/*
 * X-Twilio-Signature, checked (Twilio, "Webhooks security", "Sign webhooks with shared keys"; the
 * rules are in docs/twilio.md).
 *
 * base64(HMAC-SHA1(auth token, URL + each parameter's name and value, sorted by name)). A repeated
 * name contributes its unique values, sorted. When the query has bodySHA256, no parameters are
 * signed and it must equal the hex SHA-256 of the raw body. Comparison takes constant time.
 *
 * A header X-Twilio-Webhooks-Signature-Settings, `key=webhooks_sharedkey_…,algorithm=HMAC_SHA256`,
 * says that this shared key signed, and not a token; without an algorithm it is HMAC-SHA1.
 */
#ifndef TAPEDECK_TWILIO_SIGNATURE_H
#define TAPEDECK_TWILIO_SIGNATURE_H

#include <stddef.h>

#include "base/form.h"
#include "config/credentials.h"

enum signature_verdict {
    SIGNATURE_GOOD,
    SIGNATURE_NO_HEADER,
    SIGNATURE_NO_TOKEN,     /* we have no auth token, or not this shared key, to check with */
    SIGNATURE_NO_ALGORITHM, /* we do not know the one that is named */
    SIGNATURE_BAD_BODY,     /* bodySHA256 does not match the body */
    SIGNATURE_MISMATCH,
};

/* The two headers, as they came; NULL: there is none. */
struct signature_headers {
    const char *signature;
    const char *settings;
};

/*
 * `base_url` is PUBLIC_BASE_URL ("https://host[:port]", no slash at its end), `target` the request
 * target as it came ("/path?query"), `params` the decoded POST parameters, `body` its raw bytes.
 * Accepts a signature over the URL as configured, without its port, and with the scheme's standard
 * port; userinfo in base_url never counts. Accepts what any of the account's tokens signed.
 */
enum signature_verdict signature_check(const struct credential *credential,
                                       const struct signature_headers *headers,
                                       const char *base_url, const char *target,
                                       const struct form *params, const char *body,
                                       size_t body_len);

/* A word for the log: "good", "no_header", "no_token", "no_algorithm", "bad_body", "mismatch". */
const char *signature_verdict_name(enum signature_verdict verdict);

#endif
