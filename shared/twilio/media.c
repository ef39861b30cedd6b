#include "media.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The configuration keeps RECORDING_FORMATS as places in its own list of these names. */
_Static_assert(MEDIA_WAV2 == 0 && MEDIA_WAV == 1 && MEDIA_MP3 == 2 && MEDIA_ASIS == 3 &&
                   MEDIA_FORMATS == 4,
               "as in \"wav2,wav,mp3,asis\"");

static const char *const NAMES[MEDIA_FORMATS] = {
    [MEDIA_WAV2] = "wav2",
    [MEDIA_WAV] = "wav",
    [MEDIA_MP3] = "mp3",
    [MEDIA_ASIS] = "asis",
};

static const char *const ENDINGS[MEDIA_FORMATS] = {
    [MEDIA_WAV2] = ".wav?RequestedChannels=2",
    [MEDIA_WAV] = ".wav",
    [MEDIA_MP3] = ".mp3",
    [MEDIA_ASIS] = "",
};

/* What may come is bounded before it is looked at: visible ASCII, of a URL's length. */
static bool is_plain(const char *url)
{
    if (strnlen(url, MEDIA_URL_SIZE) == MEDIA_URL_SIZE) {
        return false;
    }
    for (; *url != '\0'; url++) {
        if (*url <= ' ' || *url > '~') {
            return false;
        }
    }
    return true;
}

static bool skip_text(const char **at, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*at, text, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

/* Whatever host it is, it is dropped: the URL is rebuilt under our own API base. */
static bool skip_origin(const char **at)
{
    if (!skip_text(at, "https://") && !skip_text(at, "http://")) {
        return true;
    }
    size_t host_len = strcspn(*at, "/?#\\");
    *at += host_len;
    return host_len > 0;
}

static bool take_sid(const char **at, const char *prefix, char *out)
{
    size_t len = strnlen(*at, SID_LENGTH);
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len;
    return text_is_sid(out, prefix);
}

static bool ends_well(const char *at)
{
    if (!skip_text(&at, ".json") && !skip_text(&at, ".mp3")) {
        (void)skip_text(&at, ".wav");
    }
    return *at == '\0' || (*at == '?' && strchr(at, '#') == NULL);
}

enum result media_parse(const char *recording_url, struct media_ref *out)
{
    struct media_ref ref;
    const char *at = recording_url;
    if (at == NULL || !is_plain(at)) {
        return RESULT_INVALID;
    }
    bool fits = skip_origin(&at) && skip_text(&at, "/2010-04-01/Accounts/") &&
                take_sid(&at, "AC", ref.account_sid) && skip_text(&at, "/Recordings/") &&
                take_sid(&at, "RE", ref.recording_sid) && ends_well(at);
    if (!fits) {
        return RESULT_INVALID;
    }
    *out = ref;
    return RESULT_OK;
}

static enum result build(const char *api_base, const struct media_ref *ref, const char *ending,
                         char *out)
{
    int len = snprintf(out, MEDIA_URL_SIZE, "%s/2010-04-01/Accounts/%s/Recordings/%s%s", api_base,
                       ref->account_sid, ref->recording_sid, ending);
    if (len >= 0 && len < MEDIA_URL_SIZE) {
        return RESULT_OK;
    }
    out[0] = '\0'; /* half a URL must not be used by mistake */
    return len < 0 ? RESULT_FAILED : RESULT_TOO_BIG;
}

enum result media_url(const char *api_base, const struct media_ref *ref, char *out)
{
    return build(api_base, ref, "", out);
}

enum result media_format_url(const char *api_base, const struct media_ref *ref,
                             enum media_format format, char *out)
{
    return build(api_base, ref, ENDINGS[format], out);
}

const char *media_format_name(enum media_format format)
{
    return NAMES[format];
}

bool media_format_from_name(const char *name, size_t len, enum media_format *out)
{
    for (int i = 0; i < MEDIA_FORMATS; i++) {
        if (strlen(NAMES[i]) == len && memcmp(NAMES[i], name, len) == 0) {
            *out = (enum media_format)i;
            return true;
        }
    }
    return false;
}

enum media_verdict media_judge(long http_status)
{
    switch (http_status) {
    case 200: return MEDIA_TAKE;
    case 400:
    case 406:
    case 415: return MEDIA_NEXT_FORMAT;
    case 404: return MEDIA_NOT_THERE;
    case 410: return MEDIA_GONE;
    case 401:
    case 403:
    case 429: return MEDIA_ACCOUNT;
    default: return http_status >= 500 && http_status <= 599 ? MEDIA_ACCOUNT : MEDIA_REFUSED;
    }
}

/* Is the URL's host in this domain, ".example.com"? */
static bool is_within(const char *url, const char *domain)
{
    size_t wanted = strlen(domain);
    const char *host = strstr(url, "://");
    if (host == NULL) {
        return false;
    }
    size_t len = strcspn(host + 3, ":/?#");
    return len > wanted && strncasecmp(host + 3 + len - wanted, domain, wanted) == 0;
}

bool media_base_is_twilio(const char *api_base)
{
    return is_within(api_base, ".twilio.com");
}

bool media_is_external(const char *url)
{
    return url != NULL && (is_within(url, ".amazonaws.com") || is_within(url, ".amazonaws.com.cn"));
}
