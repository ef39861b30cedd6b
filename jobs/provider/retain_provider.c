#include "retain_provider.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "provider_api.h"
#include "storage/file.h"
#include "storage/retention.h"
#include "twilio/media.h"

enum { PAGE = 500, PAGES_MAX = 100000, RESTING_MAX = 16, BODY_MAX = 64 * 1024 };

struct leaving {
    struct magic magic;
    const struct app *app;
    struct http *http;
    struct retain_provider_counts *counts;
    char resting[RESTING_MAX][SID_SIZE]; /* accounts that are not asked again this time */
    int resting_count;
    enum result result;
};

/* ---- an account that refuses, is busy or away ---- */

static bool is_resting(const struct leaving *l, const char *account)
{
    for (int i = 0; i < l->resting_count; i++) {
        if (strcmp(l->resting[i], account) == 0) {
            return true;
        }
    }
    return l->resting_count == RESTING_MAX;
}

static void rest(struct leaving *l, const char *account, const struct provider_api_answer *answer)
{
    (void)snprintf(l->resting[l->resting_count++], SID_SIZE, "%s", account);
    fprintf(stderr,
            "tapedeck: retain: Twilio answered %ld (%s) for account %s; its recordings stay there"
            " until the next time\n",
            answer->status, http_outcome_name(answer->outcome), account);
}

/* ---- one recording ---- */

/* The status, or 0 when there is no whole answer; an account's own fault ends its turn. */
static long ask(struct leaving *l, const struct media_ref *ref, enum http_method method)
{
    char uri[MEDIA_URL_SIZE], metadata[MEDIA_URL_SIZE + sizeof ".json"];
    struct provider_api_answer answer = {.status = 0};
    long status = 0;
    l->result = media_url("", ref, uri);
    (void)snprintf(metadata, sizeof metadata, "%s.json", uri);
    if (l->result == RESULT_OK) {
        l->result = provider_api_request(l->app, l->http, ref->account_sid, method, metadata,
                                         BODY_MAX, &answer);
    }
    if (l->result == RESULT_OK) {
        bool whole = answer.outcome == HTTP_COMPLETE;
        status = whole ? answer.status : 0;
        if (!whole || media_judge(status) == MEDIA_ACCOUNT) {
            rest(l, ref->account_sid, &answer);
            status = 0;
        }
    }
    provider_api_free(&answer);
    return status;
}

/* Deleted, or gone already; and seen to be gone. */
static bool leave(struct leaving *l, const struct media_ref *ref, long *status)
{
    *status = ask(l, ref, HTTP_DELETE);
    if (*status != 204 && *status != 404) {
        return false;
    }
    *status = ask(l, ref, HTTP_GET);
    return *status == 404;
}

static void tell(const struct retention_due *left, const char *event, long status)
{
    log_event(event, "business_id=%lld sid=%s status=%ld", (long long)left->business_id,
              left->call_sid, status);
}

static void delete_one(struct leaving *l, const struct retention_due *left,
                       const struct media_ref *ref)
{
    long status = 0;
    enum result result = retention_may_leave(l->app, left->business_id, left->call_sid);
    if (result == RESULT_LOST) {
        return;
    }
    if (result == RESULT_OK && leave(l, ref, &status)) {
        result = retention_mark_left(l->app, left->business_id, left->call_sid);
        l->counts->deleted += result == RESULT_OK;
        tell(left, "RECORDING_DELETED_AT_TWILIO", status);
    } else if (result == RESULT_OK) {
        l->counts->failed++;
        tell(left, "RECORDING_STAYS_AT_TWILIO", status);
    }
    if (result != RESULT_OK) {
        l->result = result;
    }
}

/* What is still on this disk waits; what has no address of Twilio's is none of ours. */
static void meet(void *context, const struct retention_due *left)
{
    struct leaving *l = CHECKED(leaving, context);
    struct file_facts file;
    struct media_ref ref;
    if (l->result != RESULT_OK || media_parse(left->recording_url, &ref) != RESULT_OK) {
        return;
    }
    if (is_resting(l, ref.account_sid) ||
        file_find(l->app->config, left->business_id, left->call_sid, &file) != RESULT_NOT_FOUND) {
        l->counts->failed++;
        return;
    }
    delete_one(l, left, &ref);
}

enum result retain_at_provider(const struct app *app, struct retain_provider_counts *counts)
{
    struct leaving l = {.magic = MAGIC(leaving), .app = app, .counts = counts, .http = http_new()};
    struct retention_cursor cursor = {0};
    if (l.http == NULL) {
        return RESULT_FAILED;
    }
    for (int page = 0; page < PAGES_MAX && !cursor.ended && l.result == RESULT_OK; page++) {
        enum result result = retention_each_left(app, &cursor, PAGE, meet, &l);
        if (result != RESULT_OK) {
            l.result = result;
        }
    }
    http_free(l.http);
    return l.result;
}
