/*
 * Play links: signed, expiring, one file each. Pure but for the HMAC.
 *
 * "/media/<business>/<call_sid>.<ext>?exp=<seconds>&sig=<hex>", where sig is HMAC-SHA256 over
 * "<business>/<call_sid>.<ext>\n<exp>" with MEDIA_SECRET.
 */
#ifndef TAPEDECK_STORAGE_LINK_H
#define TAPEDECK_STORAGE_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "audio.h"
#include "base/result.h"
#include "config/config.h"

enum { LINK_SIZE = 256 };

struct link {
    int64_t business_id;
    const char *call_sid;
    enum audio_kind kind;
    int64_t expires; /* seconds since 1970 */
};

/* The path and query of a link; `out` holds LINK_SIZE. */
enum result link_make(const struct config *config, const struct link *link, char *out);

/* True when `signature` is the right one and `now` is before its end. Constant time. */
bool link_holds(const struct config *config, const struct link *link, const char *signature,
                int64_t now);

/* True when `target` is the very text that link_make gives for it: a link has one spelling. */
bool link_is(const struct link *link, const char *signature, const char *target);

#endif
