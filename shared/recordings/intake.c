#include "intake.h"

#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "base/text.h"
#include "calls/inbox.h"
#include "observe/metrics.h"
#include "service.h"

enum { FORM_MAX = 1024 * 1024, PAGE = 100, PAGES_MAX = 100000 };

/* Reasons that are no field of the form. */
static const char NO_BUSINESS[] = "business", BAD_BUSINESS[] = "business_id",
                  BAD_ROW[] = "database", FOREIGN[] = "account";

/* ---- using it: what is wrong is named in *reason, and RESULT_INVALID ---- */

static enum result use_recording(const struct app *app, const struct form *form,
                                 const char **reason)
{
    struct recording_callback callback;
    enum result result = callback_recording(form, &callback, reason);
    if (result != RESULT_OK) {
        return result;
    }
    result = service_recording_event(app, &callback);
    if (result == RESULT_OK || result == RESULT_EXISTS) {
        log_event("RECORDING_EVENT", "sid=%s recording=%s status=%s",
                  callback.call_sid != NULL ? callback.call_sid : callback.conference_sid,
                  callback.recording_sid, recording_status_name(callback.status));
        return RESULT_OK;
    }
    return result;
}

/* The business may be named by the signed address. */
static enum result use_call(const struct app *app, const struct intake *intake, const char **reason)
{
    struct call_callback callback;
    int64_t hint = 0;
    enum result result = callback_call(intake->form, &callback, reason);
    if (result != RESULT_OK) {
        return result;
    }
    if (*reason != NULL) {
        log_event("CALLBACK_LABEL", "sid=%s field=%s", callback.call_sid, *reason);
        *reason = NULL;
    }
    if (intake->business_said != NULL && !text_int(intake->business_said, 1, INT64_MAX, &hint)) {
        *reason = BAD_BUSINESS;
        return RESULT_INVALID;
    }
    result = service_call_event(app, &callback, hint);
    if (result == RESULT_NOT_FOUND) {
        char to[16];
        log_event("CALL_WITHOUT_BUSINESS", "sid=%s account=%s to=%s", callback.call_sid,
                  callback.account_sid, text_last_digits(callback.to, to));
        *reason = NO_BUSINESS;
    }
    return result;
}

static enum result use_conference(const struct app *app, const struct form *form,
                                  const char **reason)
{
    struct conference_callback callback;
    enum result result = callback_conference(form, &callback, reason);
    if (result == RESULT_OK && callback.call_sid != NULL) {
        result = service_conference_event(app, &callback);
    }
    if (result == RESULT_OK || result == RESULT_EXISTS) {
        log_event("CONFERENCE_EVENT", "conference=%s sid=%s", callback.conference_sid,
                  callback.call_sid != NULL ? callback.call_sid : "-");
        return RESULT_OK;
    }
    return result;
}

/* RESULT_OK: used. RESULT_INVALID, and *reason: it cannot be. Others as intake_take. */
static enum result use(const struct app *app, const struct intake *intake, const char **reason)
{
    enum result result = RESULT_FAILED;
    *reason = NULL;
    switch (intake->kind) {
    case CALLBACK_RECORDING: result = use_recording(app, intake->form, reason); break;
    case CALLBACK_CALL: result = use_call(app, intake, reason); break;
    case CALLBACK_CONFERENCE: result = use_conference(app, intake->form, reason); break;
    }
    if (result == RESULT_OK || result == RESULT_DENIED || result == RESULT_UNAVAILABLE) {
        return result;
    }
    if (*reason == NULL) {
        *reason = BAD_ROW;
    }
    return RESULT_INVALID;
}

/* ---- keeping it ---- */

static const char *sid_of(const struct form *form, const char *name, const char *prefix)
{
    const char *sid = form_get(form, name);
    return text_is_sid(sid, prefix) ? sid : NULL;
}

static void report(const struct app *app, const struct inbox_unused *unused, enum result result)
{
    const char *event = result == RESULT_TOO_BIG ? "CALLBACK_DROPPED" : "CALLBACK_UNUSED";
    if (result == RESULT_OK) {
        metrics_add(app->metrics, METRICS_UNUSED, unused->reason, NULL, 1);
    }
    if (result == RESULT_TOO_BIG) {
        metrics_add(app->metrics, METRICS_DROPPED, NULL, NULL, 1);
    }
    log_event(event, "kind=%s account=%s sid=%s recording=%s field=%s",
              callback_kind_name(unused->kind), unused->account_sid,
              unused->call_sid != NULL ? unused->call_sid : "-",
              unused->recording_sid != NULL ? unused->recording_sid : "-", unused->reason);
}

static enum result keep(const struct app *app, const struct intake *intake, const char *reason)
{
    struct buf form;
    const char *account = sid_of(intake->form, "AccountSid", "AC");
    struct inbox_unused unused = {
        .kind = intake->kind,
        .account_sid = account != NULL ? account : app->config->twilio_account_sid,
        .business_said = intake->business_said,
        .call_sid = sid_of(intake->form, "CallSid", "CA"),
        .recording_sid = sid_of(intake->form, "RecordingSid", "RE"),
        .reason = reason,
    };
    buf_init(&form, FORM_MAX);
    form_escape(intake->body, intake->body_len, &form);
    unused.form = buf_str(&form);
    enum result result = buf_ok(&form) ? inbox_keep_unused(app, &unused) : RESULT_FAILED;
    buf_free(&form);
    if (result == RESULT_OK || result == RESULT_EXISTS || result == RESULT_TOO_BIG) {
        report(app, &unused, result);
        return RESULT_OK;
    }
    return result;
}

enum result intake_take(const struct app *app, const struct intake *intake)
{
    const char *reason;
    enum result result = use(app, intake, &reason);
    return result == RESULT_INVALID ? keep(app, intake, reason) : result;
}

/* ---- taking it up again ---- */

struct again {
    struct magic magic;
    const struct app *app;
    enum result result;
    struct intake_counts *counts;
    int64_t last_id;
    int64_t seen; /* of this page */
};

static enum result use_again(const struct app *app, const struct inbox_unused *unused,
                             const char **reason)
{
    struct form form;
    struct intake intake = {.kind = unused->kind,
                            .business_said = unused->business_said,
                            .form = &form,
                            .body = unused->form,
                            .body_len = strlen(unused->form)};
    enum result result = form_parse(&form, intake.body, intake.body_len);
    if (result == RESULT_OK) {
        result = use(app, &intake, reason);
        form_free(&form);
    }
    if (result == RESULT_DENIED) {
        *reason = FOREIGN;
        result = RESULT_INVALID;
    }
    return result;
}

static void take_again(void *context, const struct inbox_unused *unused)
{
    struct again *again = CHECKED(again, context);
    const char *reason = NULL;
    again->last_id = unused->id;
    again->seen++;
    if (again->result != RESULT_OK) {
        return;
    }
    enum result result = use_again(again->app, unused, &reason);
    if (result == RESULT_OK) {
        result = inbox_forget_unused(again->app, unused->id);
        again->counts->used++;
    } else if (result == RESULT_INVALID) {
        result = inbox_blame_unused(again->app, unused->id, reason);
        again->counts->left++;
    }
    again->result = result;
}

enum result intake_again(const struct app *app, struct intake_counts *counts)
{
    struct again again = {.magic = MAGIC(again), .app = app, .counts = counts};
    *counts = (struct intake_counts){0};
    for (int page = 0; page < PAGES_MAX && again.result == RESULT_OK; page++) {
        again.seen = 0;
        enum result result = inbox_each_unused(app, again.last_id, PAGE, take_again, &again);
        if (result != RESULT_OK || again.seen < PAGE) {
            return result != RESULT_OK ? result : again.result;
        }
    }
    return again.result;
}
