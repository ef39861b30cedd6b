/*
 * X-Twilio-Signature, checked (Twilio, "Webhooks security"; the rules are in docs/twilio.md).
 *
 * base64(HMAC-SHA1(auth token, URL + each parameter's name and value, sorted by name)). A repeated
 * name contributes its unique values, sorted. When the query has bodySHA256, no parameters are
 * signed and it must equal the hex SHA-256 of the raw body. Comparison takes constant time.
 */
#ifndef TAPEDECK_TWILIO_SIGNATURE_H
#define TAPEDECK_TWILIO_SIGNATURE_H

#include <stddef.h>

#include "base/form.h"

enum signature_verdict {
    SIGNATURE_GOOD,
    SIGNATURE_NO_HEADER,
    SIGNATURE_NO_TOKEN, /* we have no auth token to check with */
    SIGNATURE_BAD_BODY, /* bodySHA256 does not match the body */
    SIGNATURE_MISMATCH,
};

/*
 * `base_url` is PUBLIC_BASE_URL ("https://host[:port]", no slash at its end), `target` the request
 * target as it came ("/path?query"), `params` the decoded POST parameters, `body` its raw bytes.
 * Accepts a signature over the URL as configured, without its port, and with the scheme's standard
 * port; userinfo in base_url never counts.
 */
enum signature_verdict signature_check(const char *auth_token, const char *header,
                                       const char *base_url, const char *target,
                                       const struct form *params, const char *body,
                                       size_t body_len);

/* A word for the log: "good", "no_header", "no_token", "bad_body", "mismatch". */
const char *signature_verdict_name(enum signature_verdict verdict);

#endif
