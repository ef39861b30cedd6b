#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/magic.h"
#include "calls/authority.h"
#include "calls/conference.h"
#include "calls/recording.h"
#include "clients/crypto.h"
#include "followups/step.h"
#include "runs/run_control.h"
#include "storage/object.h"
#include "storage/retention.h"
#include "twilio/media.h"

enum { OFFER_PAGE = 2000, OFFER_PAGES_MAX = 10000, RESTORE_TRIES = 5, MATCH_PAGES_MAX = 100 };

/* ---- making it so ---- */

struct restoring {
    struct magic magic;
    const struct app *app;
    enum result result;
    int64_t slots;
};

static void restore(void *context, const struct run_waiting *run)
{
    struct restoring *r = CHECKED(restoring, context);
    if (r->result == RESULT_OK) {
        r->result = queue_restore(r->app, run->business_id, run->call_sid, run->token, run->lane);
        r->slots++;
    }
}

static enum result restore_once(const struct app *app)
{
    char token[CRYPTO_TOKEN_SIZE];
    struct restoring r = {.magic = MAGIC(restoring), .app = app};
    enum result result = crypto_token(token) ? queue_begin_restore(app, token) : RESULT_FAILED;
    if (result == RESULT_OK) {
        result = run_each_alive(app, restore, &r);
    }
    if (result == RESULT_OK) {
        result = r.result;
    }
    if (result == RESULT_OK) {
        result = queue_end_restore(app, token);
    }
    if (result == RESULT_OK && r.slots > 0) {
        log_event("QUEUE_RESTORED", "slots=%lld", (long long)r.slots);
    }
    return result;
}

enum result service_restore(const struct app *app)
{
    enum result result = queue_is_ready(app);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    for (int i = 0; i < RESTORE_TRIES; i++) {
        result = restore_once(app);
        if (result != RESULT_LOST) {
            break;
        }
    }
    return result;
}

/* Into the line; where Redis turns out to have lost its memory, that is mended first. */
static enum result enqueue(const struct app *app, int64_t business_id, const char *call_sid,
                           enum queue_lane lane, struct queue_state *state)
{
    struct queue_state own;
    struct queue_state *got = state != NULL ? state : &own;
    enum result result = queue_enqueue(app, business_id, call_sid, lane, got);
    if (result != RESULT_OK || got->ready) {
        return result;
    }
    result = service_restore(app);
    return result == RESULT_OK ? queue_enqueue(app, business_id, call_sid, lane, got) : result;
}

/* Into the line of those who wait; harmless when it is there already. Redis being away costs
 * nothing: the run is kept, and offered again. */
static void offer_click(const struct app *app, int64_t business_id, struct look *look)
{
    struct queue_state state;
    if (enqueue(app, business_id, look->facts.source_sid, LANE_CLICK, &state) != RESULT_OK) {
        return;
    }
    bool in_slot = state.position == QUEUE_IN_SLOT;
    look->position = in_slot ? 0 : state.position;
    if (look->state != STATE_OFFLINE) {
        look->state = in_slot ? STATE_PROCESSING : STATE_QUEUED;
    }
}

static enum result start_click(const struct app *app, int64_t business_id, struct look *look)
{
    bool created;
    enum result result = run_start(app, business_id, look->facts.source_sid, JOB_DOWNLOAD,
                                   LANE_CLICK, &look->facts.run_id, &created);
    if (result == RESULT_OK) {
        look->state = STATE_QUEUED;
        look->facts.activity = RUN_QUEUED;
        offer_click(app, business_id, look);
    }
    return result;
}

/* Somebody waits now: a prefetch becomes a click, and a run that Redis lost is offered again. */
static enum result join_click(const struct app *app, int64_t business_id, struct look *look)
{
    enum result result = RESULT_OK;
    if (look->facts.lane_later) {
        result = run_promote(app, look->facts.run_id);
    }
    if (result == RESULT_OK && look->facts.activity == RUN_QUEUED && !look->facts.waits_its_time) {
        offer_click(app, business_id, look);
    }
    return result;
}

static enum result act_on(const struct app *app, int64_t business_id, struct look *look)
{
    switch (look->state) {
    case STATE_ABSENT: return start_click(app, business_id, look);
    case STATE_QUEUED:
    case STATE_PROCESSING:
    case STATE_OFFLINE: return join_click(app, business_id, look);
    default: return RESULT_OK;
    }
}

enum result service_request(const struct app *app, int64_t business_id, const char *call_sid,
                            struct look *look)
{
    enum result result = service_look(app, business_id, call_sid, look);
    return result == RESULT_OK ? act_on(app, business_id, look) : result;
}

enum result service_request_elsewhere(const struct app *app, int64_t business_id,
                                      const char *call_sid, struct look *look)
{
    enum result result = service_look_elsewhere(app, business_id, call_sid, look);
    return result == RESULT_OK ? act_on(app, business_id, look) : result;
}

enum result service_cancel(const struct app *app, int64_t business_id, int64_t run_id)
{
    char call_sid[SID_SIZE];
    enum result result = run_control_cancel(app, business_id, run_id, call_sid);
    if (result == RESULT_OK) {
        (void)queue_drop(app, business_id, call_sid);
        log_event("RECORDING_CANCEL", "business_id=%lld sid=%s run=%lld", (long long)business_id,
                  call_sid, (long long)run_id);
    }
    return result;
}

/* ---- callbacks ---- */

/* What a matched callback set in motion, to be done once the transaction is there to stay. */
struct matching {
    struct magic magic;
    const struct app *app;
    enum result result;
    struct recording_ref queued; /* its business is 0: nothing to queue */
    int64_t matched;
};

static enum result queue_prefetch(struct matching *m, const struct recording_callback *callback,
                                  const struct recording_ref *ref)
{
    struct file_facts file;
    struct object_facts object;
    enum retention_owner owner;
    int64_t run_id;
    bool created;
    if (callback->status != RECORDING_COMPLETED) {
        return RESULT_OK;
    }
    if (file_find(m->app->config, ref->business_id, ref->name, &file) == RESULT_OK ||
        (m->app->s3 != NULL &&
         object_find(m->app, ref->business_id, ref->name, &object) == RESULT_OK)) {
        return step_begin(m->app, ref->business_id, ref->name);
    }
    enum result result = retention_whose(m->app, ref->business_id, ref->name, &owner);
    if (result == RESULT_OK && owner == RETENTION_OVER) {
        return RESULT_OK; /* heard again, long after it was deleted */
    }
    if (result == RESULT_OK) {
        result =
            run_start(m->app, ref->business_id, ref->name, JOB_FULL, LANE_LATER, &run_id, &created);
    }
    if (result == RESULT_OK && created) {
        m->queued = *ref;
    }
    return result;
}

/* May its account speak of this recording's call, or of its conference's business? */
static enum result may_speak(const struct app *app, const struct recording_callback *callback,
                             int64_t business_id)
{
    const char *of = callback->call_sid != NULL ? callback->call_sid : callback->conference_sid;
    return authority_check(app, callback->account_sid, of, business_id);
}

/* Writes one callback down. An unknown call is no failure: the inbox keeps it. */
static void match(void *context, const struct recording_callback *callback,
                  const char *recording_url)
{
    struct matching *m = CHECKED(matching, context);
    struct recording_ref ref = {0};
    if (m->result != RESULT_OK) {
        return;
    }
    m->result = may_speak(m->app, callback, 0);
    if (m->result == RESULT_OK) {
        m->result = recording_save(m->app, callback, recording_url, &ref);
    }
    if (m->result == RESULT_OK && callback->call_sid == NULL) {
        m->result = may_speak(m->app, callback, ref.business_id);
    }
    if (m->result == RESULT_NOT_FOUND) {
        m->result = RESULT_OK;
        return;
    }
    if (m->result == RESULT_OK && ref.business_id > 0) {
        m->result = queue_prefetch(m, callback, &ref);
    }
    if (m->result == RESULT_OK) {
        m->result = inbox_matched(m->app, callback);
        m->matched++;
    }
}

static enum result finish_matching(struct matching *m)
{
    if (m->result == RESULT_OK) {
        m->result = pg_commit(m->app->pg);
    } else {
        pg_rollback(m->app->pg);
    }
    if (m->result == RESULT_OK && m->queued.business_id > 0) {
        (void)enqueue(m->app, m->queued.business_id, m->queued.name, LANE_LATER, NULL);
    }
    return m->result;
}

/* It is known already. Sent once more, by hand or by Twilio, it opens the way for what failed. */
static void hear_again(const struct app *app, const struct recording_callback *callback)
{
    int64_t reopened, offered;
    if (callback->status != RECORDING_COMPLETED ||
        run_control_reopen_announced(app, callback->recording_sid, callback->account_sid,
                                     callback->call_sid, &reopened) != RESULT_OK ||
        reopened == 0) {
        return;
    }
    log_event("RECORDING_REOPENED", "recording=%s", callback->recording_sid);
    (void)service_offer_due(app, &offered);
}

enum result service_recording_event(const struct app *app,
                                    const struct recording_callback *callback)
{
    struct matching m = {.magic = MAGIC(matching), .app = app};
    struct media_ref ref;
    char url[MEDIA_URL_SIZE];
    memcpy(ref.account_sid, callback->account_sid, SID_SIZE);
    memcpy(ref.recording_sid, callback->recording_sid, SID_SIZE);
    enum result result =
        media_url(credentials_of(app->credentials, ref.account_sid).api_base, &ref, url);
    if (result == RESULT_OK) {
        result = pg_begin(app->pg);
    }
    if (result != RESULT_OK) {
        return result;
    }
    m.result = inbox_keep(app, callback, url);
    if (m.result == RESULT_EXISTS) {
        pg_rollback(app->pg);
        hear_again(app, callback);
        return RESULT_EXISTS;
    }
    match(&m, callback, url);
    return finish_matching(&m);
}

/* One callback a transaction, so that one bad row does not hold up the others. */
static void match_alone(void *context, const struct recording_callback *callback,
                        const char *recording_url)
{
    struct matching *all = CHECKED(matching, context);
    struct matching one = {.magic = MAGIC(matching), .app = all->app};
    if (pg_begin(all->app->pg) != RESULT_OK) {
        all->result = RESULT_UNAVAILABLE;
        return;
    }
    match(&one, callback, recording_url);
    if (one.result == RESULT_DENIED) {
        one.result = inbox_matched(all->app, callback); /* nor is it looked at again */
    }
    enum result result = finish_matching(&one);
    if (result == RESULT_OK) {
        all->matched += one.matched;
    } else if (result == RESULT_UNAVAILABLE) {
        all->result = result;
    }
}

/* What waited for this call. RESULT_UNAVAILABLE: not all of it could be looked at, so whoever told
 * of the call is to tell again. */
static enum result match_waiting(const struct app *app, const char *call_sid)
{
    struct matching m = {.magic = MAGIC(matching), .app = app};
    enum result result = inbox_each_waiting(app, call_sid, match_alone, &m);
    return result == RESULT_OK ? m.result : result;
}

enum result service_call_event(const struct app *app, const struct call_callback *callback,
                               int64_t business_hint)
{
    enum result result = call_save(app, callback, business_hint);
    if (result == RESULT_OK) {
        result = step_begin_joined(app, callback->call_sid, false);
    }
    return result == RESULT_OK ? match_waiting(app, callback->call_sid) : result;
}

static enum result take_part(const struct app *app, const struct conference_callback *callback)
{
    enum result result = pg_begin(app->pg);
    if (result != RESULT_OK) {
        return result;
    }
    result = conference_join(app, callback->conference_sid, callback->call_sid);
    if (result == RESULT_OK) {
        result = step_begin_joined(app, callback->call_sid, true);
    }
    if (result == RESULT_OK) {
        return pg_commit(app->pg);
    }
    pg_rollback(app->pg);
    return result;
}

enum result service_conference_event(const struct app *app,
                                     const struct conference_callback *callback)
{
    enum result result = authority_check(app, callback->account_sid, callback->call_sid, 0);
    if (result == RESULT_OK) {
        result = take_part(app, callback);
    }
    return result == RESULT_OK || result == RESULT_EXISTS ? match_waiting(app, callback->call_sid)
                                                          : result;
}

int64_t service_match_inbox(const struct app *app)
{
    struct matching m = {.magic = MAGIC(matching), .app = app};
    int64_t before = -1;
    for (int page = 0; page < MATCH_PAGES_MAX && m.matched > before; page++) {
        before = m.matched;
        (void)inbox_each_waiting(app, NULL, match_alone, &m);
    }
    return m.matched;
}

/* ---- rebuilding the line ---- */

struct due_page {
    struct magic magic;
    struct queue_waiting *calls; /* OFFER_PAGE of them */
    size_t count;
    int64_t last_id;
};

static void note_due(void *context, const struct run_waiting *run)
{
    struct due_page *page = CHECKED(due_page, context);
    struct queue_waiting *call = &page->calls[page->count++];
    *call = (struct queue_waiting){.business_id = run->business_id, .lane = run->lane};
    (void)snprintf(call->call_sid, sizeof call->call_sid, "%s", run->call_sid);
    page->last_id = run->id;
}

/* Most are in their lines: only those that are not are put there. */
static enum result offer_page(const struct app *app, struct due_page *page, int64_t *offered)
{
    enum result result = queue_find_absent(app, page->calls, page->count);
    for (size_t i = 0; i < page->count && result == RESULT_OK; i++) {
        const struct queue_waiting *call = &page->calls[i];
        if (call->absent) {
            result = enqueue(app, call->business_id, call->call_sid, call->lane, NULL);
            *offered += result == RESULT_OK;
        }
    }
    return result;
}

enum result service_offer_due(const struct app *app, int64_t *offered)
{
    *offered = 0;
    struct due_page page = {.magic = MAGIC(due_page),
                            .calls = calloc(OFFER_PAGE, sizeof *page.calls)};
    enum result result = page.calls != NULL ? service_restore(app) : RESULT_FAILED;
    for (int pages = 0; pages < OFFER_PAGES_MAX && result == RESULT_OK; pages++) {
        page.count = 0;
        result = run_each_due(app, page.last_id, OFFER_PAGE, note_due, &page);
        if (result == RESULT_OK && page.count > 0) {
            result = offer_page(app, &page, offered);
        }
        if (page.count < OFFER_PAGE) {
            break;
        }
    }
    free(page.calls);
    return result;
}
