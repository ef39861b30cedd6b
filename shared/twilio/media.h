/*
 * Where a recording's media is, and in which formats to ask for it.
 *
 * A RecordingUrl may have one of several endings, may begin with http, or may be a path alone. It
 * is never fetched as it is: the account and recording SIDs are read from it, and the URL is built
 * again under the configured API base (Twilio, "Recordings resource: fetch a recording's media
 * file").
 */
#ifndef TAPEDECK_TWILIO_MEDIA_H
#define TAPEDECK_TWILIO_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "base/text.h"

enum media_format { MEDIA_WAV2, MEDIA_WAV, MEDIA_MP3, MEDIA_ASIS, MEDIA_FORMATS };

enum { MEDIA_URL_SIZE = 512 };

struct media_ref {
    char account_sid[SID_SIZE];
    char recording_sid[SID_SIZE];
};

/* True when the API base is Twilio's own: then its name must lead to a public address. A base that
 * the operator chose (a proxy, a test) is trusted to be where it is. */
bool media_base_is_twilio(const char *api_base);

/* True for a URL in an S3 bucket: then the account's recordings are put there, and the provider
 * keeps none (Twilio, "Voice Recording external storage"). NULL is none. */
bool media_is_external(const char *url);

/* Reads the SIDs out of "[http[s]://host]/2010-04-01/Accounts/AC…/Recordings/RE…[.json|.mp3|.wav]
 * [?…]". RESULT_INVALID when it is nothing of the kind. */
enum result media_parse(const char *recording_url, struct media_ref *out);

/* Builds "<base>/2010-04-01/Accounts/AC…/Recordings/RE…" without ending, the form we store.
 * `out` holds MEDIA_URL_SIZE. RESULT_TOO_BIG when it does not fit. */
enum result media_url(const char *api_base, const struct media_ref *ref, char *out);

/* The same for one rung of the ladder: ".wav?RequestedChannels=2", ".wav", ".mp3", "". */
enum result media_format_url(const char *api_base, const struct media_ref *ref,
                             enum media_format format, char *out);

/* "wav2", "wav", "mp3", "asis". */
const char *media_format_name(enum media_format format);
bool media_format_from_name(const char *name, size_t len, enum media_format *out);

/* What one answer to one rung means for the ladder. */
enum media_verdict {
    MEDIA_TAKE,        /* 200: read the body */
    MEDIA_NEXT_FORMAT, /* 400 (16113 no second channel, 16109 no mp3), 406, 415 */
    MEDIA_NOT_THERE,   /* 404 (20404): not in this format, or not yet, or not any more */
    MEDIA_GONE,        /* 410: deleted, for good */
    MEDIA_ACCOUNT,     /* 401, 403, 429 and 5xx: not this recording's fault */
    MEDIA_REFUSED,     /* a redirect, or anything else */
};

enum media_verdict media_judge(long http_status);

#endif
