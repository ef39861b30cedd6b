/*
 * The one decision: what is the state of this recording? And the one action: make it play. Every
 * route and job asks here; none decides by itself.
 */
#ifndef TAPEDECK_RECORDINGS_SERVICE_H
#define TAPEDECK_RECORDINGS_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "calls/call.h"
#include "calls/inbox.h"
#include "runs/queue.h"
#include "runs/run.h"
#include "storage/file.h"
#include "twilio/callback.h"

enum recording_state {
    STATE_READY,
    STATE_NO_CALL,
    STATE_EXPIRED,     /* it was ours, and its time ended */
    STATE_UNAVAILABLE, /* the provider said absent or failed, or what it has is no recording */
    STATE_NO_RECORDING,
    STATE_OFFLINE,    /* waits, and no runner has been seen; or its runners died again and again */
    STATE_PROCESSING, /* it arrives; or it is on its way from another machine to the store */
    STATE_QUEUED,
    STATE_FAILED, /* the breaker is open */
    STATE_ABSENT, /* nobody has asked yet */
};

/* From so many bytes on a recording that still arrives may be played; or from its last one on. */
enum { SERVICE_PLAYABLE_BYTES = 64 * 1024 };

struct look {
    enum recording_state state;
    struct file_facts file;  /* when READY */
    bool remote;             /* when READY: it is in the object store, and `file` has no path */
    char file_sid[SID_SIZE]; /* when READY: the call it is named after, this one or its parent */
    bool has_facts;          /* false when PostgreSQL was not asked, or did not answer */
    struct call_facts facts; /* when has_facts */
    bool has_progress;       /* false when Redis was not asked, or did not answer */
    struct queue_progress progress;
    int64_t position;                    /* in line, from 1; 0 when not known or in a slot */
    int64_t bytes_received, bytes_total; /* -1 when not known */
    int64_t retry_after_s;
    bool playable; /* it arrives, and what is here so far may be played */
};

/* The rule itself, pure: what the file, PostgreSQL (NULL: no such call) and Redis (NULL: not known)
 * say, and the configured grace and breaker limits. */
enum recording_state service_decide(const struct config *config, bool file_here,
                                    const struct call_facts *facts,
                                    const struct queue_progress *progress);

/* May what has arrived so far be played? Its kind, size and stamp are known, and enough is here.
 * Pure.
 */
bool service_is_playable(const struct config *config, const struct queue_progress *progress);

/* And is it arriving here? With an object store it may be arriving on another machine. */
bool service_plays_early(const struct app *app, int64_t business_id, const char *call_sid,
                         const struct queue_progress *progress);

/* How long a link to this recording may work, in seconds: PLAY_LINK_TTL, and not beyond its
 * own end. */
int64_t service_link_ttl_s(const struct config *config, const struct look *look);

/* What is the state? Starts nothing. PostgreSQL is asked; where it does not answer, a finished file
 * that is here is READY, and all else is RESULT_UNAVAILABLE. */
enum result service_look(const struct app *app, int64_t business_id, const char *call_sid,
                         struct look *look);

/* True when the finished file is here, and PostgreSQL confirmed within the last minute that this
 * business may hear it (confirmed.h); then `look` is READY. For the ranges of one listening. */
bool service_was_ready(const struct app *app, int64_t business_id, const char *name,
                       struct look *look);

/* The same as if the object store had nothing: for when it lost it, or does not answer. */
enum result service_look_elsewhere(const struct app *app, int64_t business_id, const char *call_sid,
                                   struct look *look);
enum result service_request_elsewhere(const struct app *app, int64_t business_id,
                                      const char *call_sid, struct look *look);

/* What service_look does for facts that were read already (the list). */
void service_look_row(const struct app *app, int64_t business_id, const struct call_facts *facts,
                      struct look *look);

/* Look; and if nobody has asked yet, insert the run and dispatch it. Asking again is free. */
enum result service_request(const struct app *app, int64_t business_id, const char *call_sid,
                            struct look *look);

/* Cancels a run because a person asked; a running transfer stops within a second. Results as
 * run_cancel. */
enum result service_cancel(const struct app *app, int64_t business_id, int64_t run_id);

/* A checked recording callback: kept, matched with its call if that is there, its download queued
 * behind those that people wait for. RESULT_OK: saved; RESULT_EXISTS: it was known. RESULT_DENIED:
 * its account may not speak of this call (authority.h); nothing is kept. */
enum result service_recording_event(const struct app *app,
                                    const struct recording_callback *callback);

/* A checked call callback: saved, and recordings that waited for the call are matched.
 * RESULT_NOT_FOUND: no business is known for it. RESULT_DENIED: as above. */
enum result service_call_event(const struct app *app, const struct call_callback *callback,
                               int64_t business_hint);

/* A checked conference event about a call: that it takes part is kept, and recordings of the
 * conference that waited for it are matched. RESULT_DENIED: as above. RESULT_UNAVAILABLE: it is to
 * be told again. */
enum result service_conference_event(const struct app *app,
                                     const struct conference_callback *callback);

/* Matches all kept callbacks whose call has appeared since. Gives how many. */
int64_t service_match_inbox(const struct app *app);

/* After Redis lost its memory, or was not heard for half a lease: the slots of running transfers
 * are put back before anything is granted, so that no business ever has more than its share. Free
 * when nothing was lost. */
enum result service_restore(const struct app *app);

/* Puts every queued run that is due into its line, where it is not there yet: what Redis lost, what
 * waited its time. *offered: how many. RESULT_UNAVAILABLE: a server was away before the last. */
enum result service_offer_due(const struct app *app, int64_t *offered);

/* "ready", "processing", …: the word of the API. */
const char *service_state_name(enum recording_state state);

#endif
