#include "conferences.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/text.h"
#include "calls/conference.h"
#include "provider_api.h"
#include "recordings/service.h"
#include "twilio/media.h"
#include "twilio/participants.h"

enum { ASKS_MAX = 100 };

struct inquiry {
    struct magic magic;
    const struct app *app;
    struct http *http;
    const char *account, *conference; /* the one that is asked about */
    int64_t calls;                    /* that took part in it, as far as it was told */
    char refuses[SID_SIZE];           /* this account is not asked again */
    bool failed;                      /* an account did */
    enum result result;
};

/* ---- one request ---- */

/* A refusal of the account, or no answer at all: its other conferences would fare no better. */
static enum result judge(struct inquiry *a, const struct provider_api_answer *answer)
{
    if (answer->outcome == HTTP_COMPLETE && media_judge(answer->status) != MEDIA_ACCOUNT) {
        return answer->status == 200 ? RESULT_OK : RESULT_NOT_FOUND;
    }
    fprintf(
        stderr,
        "tapedeck: reconcile: the provider answered %ld (%s) about a conference of account %s\n",
        answer->status, http_outcome_name(answer->outcome), a->account);
    (void)snprintf(a->refuses, sizeof a->refuses, "%s", a->account);
    a->failed = true;
    return RESULT_DENIED;
}

static enum result fetch(struct inquiry *a, const char *uri, struct provider_api_answer *answer)
{
    enum result result = provider_api_request(a->app, a->http, a->account, HTTP_GET, uri,
                                              PARTICIPANTS_ANSWER_MAX, answer);
    return result == RESULT_OK ? judge(a, answer) : result;
}

/* ---- one conference ---- */

static void join(void *context, const char *call_sid)
{
    struct inquiry *a = CHECKED(inquiry, context);
    const struct conference_callback event = {
        .account_sid = a->account, .conference_sid = a->conference, .call_sid = call_sid};
    enum result result = service_conference_event(a->app, &event);
    a->calls += result == RESULT_OK || result == RESULT_EXISTS;
    if (result == RESULT_UNAVAILABLE) {
        a->result = result;
    }
}

static enum result ask_conference(struct inquiry *a, bool *is_over)
{
    char uri[PARTICIPANTS_URI_SIZE];
    struct provider_api_answer answer = {.status = 0};
    enum result result = participants_conference_uri(a->account, a->conference, uri);
    if (result == RESULT_OK) {
        result = fetch(a, uri, &answer);
    }
    if (result == RESULT_OK) {
        result = participants_read_conference(buf_str(&answer.body), answer.body.len, a->account,
                                              a->conference, join, a, is_over);
    }
    provider_api_free(&answer);
    return result;
}

static enum result ask_participants(struct inquiry *a)
{
    char uri[PARTICIPANTS_URI_SIZE];
    struct provider_api_answer answer = {.status = 0};
    enum result result = participants_list_uri(a->account, a->conference, uri);
    if (result == RESULT_OK) {
        result = fetch(a, uri, &answer);
    }
    if (result == RESULT_OK) {
        result = participants_read_list(buf_str(&answer.body), answer.body.len, a->account,
                                        a->conference, join, a);
    }
    provider_api_free(&answer);
    return result;
}

static void ask(void *context, const char *conference_sid, const char *account_sid)
{
    struct inquiry *a = CHECKED(inquiry, context);
    bool is_over = false;
    if (a->result != RESULT_OK || strcmp(a->refuses, account_sid) == 0) {
        return;
    }
    a->account = account_sid;
    a->conference = conference_sid;
    a->calls = 0;
    enum result result = ask_conference(a, &is_over);
    if (result == RESULT_OK && !is_over) {
        result = ask_participants(a);
    }
    log_event("CONFERENCE_ASKED", "conference=%s over=%d calls=%lld ok=%d", conference_sid, is_over,
              (long long)a->calls, result == RESULT_OK);
    if (a->result != RESULT_OK) {
        return;
    }
    a->result = result == RESULT_DENIED
                    ? conference_postpone(a->app, account_sid)
                    : conference_asked(a->app, conference_sid, result == RESULT_OK && is_over);
}

enum result conferences_ask(const struct app *app, struct http *http)
{
    struct inquiry a = {.magic = MAGIC(inquiry), .app = app, .http = http};
    enum result result = conference_forget(app);
    if (result == RESULT_OK) {
        result = conference_each_due(app, ASKS_MAX, ask, &a);
    }
    if (result == RESULT_OK) {
        result = a.result;
    }
    return result == RESULT_OK && a.failed ? RESULT_FAILED : result;
}
