#include "listing.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "clients/json.h"
#include "encryption.h"
#include "media.h"

static enum result list_path(const char *account_sid, char *out)
{
    int n = snprintf(out, LISTING_URI_SIZE, "/2010-04-01/Accounts/%s/Recordings.json", account_sid);
    return n > 0 && n < LISTING_URI_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

enum { DAY_LENGTH = 10, DAY_S = 86400 };

enum result listing_first(const char *account_sid, int64_t since, int64_t page_size, char *out)
{
    char path[LISTING_URI_SIZE], day[CLOCK_ISO_SIZE];
    enum result result = list_path(account_sid, path);
    if (result != RESULT_OK) {
        return result;
    }
    int n = snprintf(out, LISTING_URI_SIZE, "%s?DateCreated%%3E=%.*s&PageSize=%lld", path,
                     DAY_LENGTH, clock_iso(since, day), (long long)page_size);
    return n > 0 && n < LISTING_URI_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

/* "DateCreated<" is up to the midnight that its day begins with. */
enum result listing_between(const char *account_sid, int64_t since, int64_t until,
                            int64_t page_size, char *out)
{
    char path[LISTING_URI_SIZE], first[CLOCK_ISO_SIZE], last[CLOCK_ISO_SIZE];
    enum result result = list_path(account_sid, path);
    if (result != RESULT_OK) {
        return result;
    }
    int n = snprintf(out, LISTING_URI_SIZE,
                     "%s?DateCreated%%3E=%.*s&DateCreated%%3C=%.*s&PageSize=%lld", path, DAY_LENGTH,
                     clock_iso(since, first), DAY_LENGTH, clock_iso(until + DAY_S, last),
                     (long long)page_size);
    return n > 0 && n < LISTING_URI_SIZE ? RESULT_OK : RESULT_TOO_BIG;
}

bool listing_is_own(const char *uri, const char *account_sid)
{
    char path[LISTING_URI_SIZE];
    size_t len = strcspn(uri, "?");
    for (const char *c = uri; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~') {
            return false;
        }
    }
    return list_path(account_sid, path) == RESULT_OK && strlen(path) == len &&
           memcmp(path, uri, len) == 0;
}

static bool status_of(const char *name, enum recording_status *out)
{
    for (int status = RECORDING_IN_PROGRESS; status <= RECORDING_FAILED; status++) {
        if (name != NULL &&
            strcmp(recording_status_name((enum recording_status)status), name) == 0) {
            *out = (enum recording_status)status;
            return true;
        }
    }
    return false;
}

/* Numbers come as numbers or as text, and not at all while they are not known. */
static int64_t number_at(const struct json *entry, const char *key, int64_t min, int64_t max)
{
    const char *text = json_text_at(entry, key);
    int64_t number = json_int_at(entry, key, CALLBACK_UNKNOWN);
    if (text != NULL && !text_int(text, min, max, &number)) {
        number = CALLBACK_UNKNOWN;
    }
    return number >= min && number <= max ? number : CALLBACK_UNKNOWN;
}

/* How it is encrypted is an object here; `kept` holds its text. */
static const char *encryption_of(const struct json *entry, struct buf *kept)
{
    const struct json *details = json_child_at(entry, "encryption_details");
    buf_clear(kept);
    if (details == NULL) {
        return NULL;
    }
    return encryption_kept(json_print(details, kept) == RESULT_OK ? buf_str(kept) : "{}");
}

static bool read_entry(const struct json *entry, const char *account_sid, struct buf *kept,
                       struct recording_callback *out)
{
    *out = (struct recording_callback){
        .account_sid = json_text_at(entry, "account_sid"),
        .call_sid = json_text_at(entry, "call_sid"),
        .conference_sid = json_text_at(entry, "conference_sid"),
        .recording_sid = json_text_at(entry, "sid"),
        .duration = number_at(entry, "duration", 0, INT32_MAX),
        .channels = number_at(entry, "channels", 1, 2),
        .start_time = CALLBACK_UNKNOWN,
        .source = callback_word(json_text_at(entry, "source")),
        .track = callback_word(json_text_at(entry, "track")),
        .encryption = encryption_of(entry, kept),
        .is_external = media_is_external(json_text_at(entry, "media_url")),
    };
    (void)clock_parse_rfc2822(json_text_at(entry, "start_time"), &out->start_time);
    return status_of(json_text_at(entry, "status"), &out->status) && out->account_sid != NULL &&
           strcmp(out->account_sid, account_sid) == 0 && callback_belongs(out) &&
           text_is_sid(out->recording_sid, "RE");
}

static enum result read_next(const struct json *page, const char *account_sid, char *next)
{
    const char *uri = json_text_at(page, "next_page_uri");
    next[0] = '\0';
    if (uri == NULL) {
        return RESULT_OK;
    }
    if (strlen(uri) >= LISTING_URI_SIZE || !listing_is_own(uri, account_sid)) {
        return RESULT_INVALID;
    }
    memcpy(next, uri, strlen(uri) + 1);
    return RESULT_OK;
}

enum result listing_read(const char *text, size_t len, const char *account_sid,
                         listing_visitor *visit, void *context, char *next)
{
    struct json *page;
    struct recording_callback callback;
    struct buf kept;
    enum result result = json_parse(text, len, &page);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&kept, ENCRYPTION_TEXT_SIZE);
    const struct json *entries = json_list_at(page, "recordings");
    result = entries != NULL ? read_next(page, account_sid, next) : RESULT_INVALID;
    for (size_t i = 0; result == RESULT_OK && i < json_count(entries); i++) {
        if (read_entry(json_item(entries, i), account_sid, &kept, &callback)) {
            visit(context, &callback);
        }
    }
    buf_free(&kept);
    json_free(page);
    return result;
}
