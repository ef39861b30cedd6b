#include "uploads.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "calls/call_fifo.h"
#include "storage/object.h"

enum { REST_FIRST_MS = 1000, REST_MAX_MS = 300 * 1000, LOOK_EVERY_MS = 60 * 1000, PAGE = 500 };

/* First the sound, then the waveform, then the row: it tells of both, where both are here. */
struct going {
    struct magic magic;
    struct uploads *uploads;
    struct s3_upload *upload; /* NULL: this place is free */
    struct call_ref call;
    struct file_facts file;
    bool has_row;           /* the sound was there before */
    struct s3_stored sound; /* where it was not */
    struct object_peaks peaks;
};

struct uploads {
    struct magic magic;
    const struct app *app;
    struct http *http;
    struct going *places;
    size_t place_count;
    struct call_fifo line;
    int64_t rest_ms, rest_until_ms; /* the store failed: so long, until then */
    int64_t next_look_ms;
    struct object_due_cursor looked; /* how far PostgreSQL was asked */
};

struct uploads *uploads_new(const struct app *app, struct http *http)
{
    struct uploads *uploads = calloc(1, sizeof *uploads);
    if (uploads == NULL || app->s3 == NULL) {
        return uploads;
    }
    uploads->magic = MAGIC(uploads);
    uploads->app = app;
    uploads->http = http;
    uploads->place_count = (size_t)app->config->s3_uploads;
    uploads->places = calloc(uploads->place_count, sizeof *uploads->places);
    if (uploads->places == NULL) {
        free(uploads);
        return NULL;
    }
    return uploads;
}

void uploads_stop(struct uploads *uploads)
{
    for (size_t i = 0; i < uploads->place_count; i++) {
        if (uploads->places[i].upload != NULL) {
            s3_upload_cancel(uploads->places[i].upload);
            uploads->places[i].upload = NULL;
        }
    }
    uploads->line.count = 0;
}

void uploads_free(struct uploads *uploads)
{
    if (uploads != NULL) {
        uploads_stop(uploads);
        free(uploads->places);
        free(uploads);
    }
}

/* ---- the line ---- */

static const struct call_ref *going_at(const void *worker, size_t place)
{
    const struct uploads *uploads = worker;
    const struct going *going = &uploads->places[place];
    return going->upload != NULL ? &going->call : NULL;
}

void uploads_add(struct uploads *uploads, int64_t business_id, const char *call_sid)
{
    if (uploads->place_count > 0 &&
        call_fifo_at_hand(uploads, uploads->place_count, going_at, business_id, call_sid) == 0) {
        call_fifo_add(&uploads->line, business_id, call_sid);
    }
}

static void add_due(void *context, const struct object_due *due)
{
    struct file_facts file;
    struct uploads *uploads = CHECKED(uploads, context);
    if (text_is_recording(due->call_sid) &&
        file_find(uploads->app->config, due->business_id, due->call_sid, &file) == RESULT_OK) {
        uploads_add(uploads, due->business_id, due->call_sid);
    }
}

/* A page at a time; after the last one it begins anew. */
static void look_for_more(struct uploads *uploads, int64_t now)
{
    int64_t count = 0;
    uploads->next_look_ms = now + LOOK_EVERY_MS;
    if (object_each_due(uploads->app, &uploads->looked, PAGE, add_due, uploads, &count) ==
        RESULT_OK) {
        if (count == PAGE) {
            uploads->next_look_ms = now;
        } else {
            uploads->looked = (struct object_due_cursor){0};
        }
    }
}

static void tell(const struct call_ref *call, const char *event, const char *reason, int64_t bytes)
{
    log_event(event, "business_id=%lld sid=%s%s%s bytes=%lld", (long long)call->business_id,
              call->call_sid, reason != NULL ? " reason=" : "", reason != NULL ? reason : "",
              (long long)bytes);
}

static void rest(struct uploads *uploads)
{
    uploads->rest_ms = uploads->rest_ms == 0 ? REST_FIRST_MS : 2 * uploads->rest_ms;
    if (uploads->rest_ms > REST_MAX_MS) {
        uploads->rest_ms = REST_MAX_MS;
    }
    uploads->rest_until_ms = clock_monotonic_ms() + uploads->rest_ms;
}

/* ---- the row ---- */

static enum result write_row(const struct going *going)
{
    const struct app *app = going->uploads->app;
    const struct call_ref *call = &going->call;
    return going->has_row ? object_peaks_stored(app, call->business_id, call->call_sid,
                                                going->file.modified_ns, &going->peaks)
                          : object_stored(app, call->business_id, call->call_sid, &going->file,
                                          &going->sound, &going->peaks);
}

/* What was deleted while it went up must not stay there. Where the sound was there before, it may
 * be another's by now, and is not ours to delete. */
static void take_back(const struct going *going)
{
    const struct app *app = going->uploads->app;
    const struct call_ref *call = &going->call;
    char key[S3_KEY_SIZE];
    if (going->has_row) {
        (void)s3_delete(app->s3, object_peaks_key(call->business_id, call->call_sid, key));
    } else {
        (void)object_erase(app, call->business_id, call->call_sid);
    }
    tell(call, "OBJECT_DROPPED", "deleted", going->sound.size);
}

static void tell_stored(const struct going *going)
{
    if (!going->has_row) {
        tell(&going->call, "OBJECT_STORED", NULL, going->sound.size);
    }
    if (going->peaks.bytes > 0) {
        tell(&going->call, "PEAKS_STORED", NULL, going->peaks.bytes);
    }
}

static void write_down(struct going *going)
{
    struct uploads *uploads = going->uploads;
    const struct call_ref *call = &going->call;
    if (going->has_row && going->peaks.bytes < 0) {
        return; /* nothing new to write */
    }
    switch (write_row(going)) {
    case RESULT_OK: tell_stored(going); break;
    case RESULT_LOST: take_back(going); break;
    default:
        uploads_add(uploads, call->business_id, call->call_sid);
        rest(uploads);
        break;
    }
}

/* ---- one of them ---- */

static void start(struct going *going, const char *key, const char *content_type,
                  const struct file_facts *file, s3_uploaded *done)
{
    struct uploads *uploads = going->uploads;
    struct s3_order order = {
        .key = key, .content_type = content_type, .fd = file_open_quietly(file)};
    if (order.fd >= 0) {
        going->upload = s3_upload_start(uploads->app->s3, uploads->http, &order, done, going);
        close(order.fd);
    }
}

/* One that did not get there holds up no recording, and is made again where somebody wants it. */
static void on_peaks(void *context, enum s3_outcome outcome, const struct s3_stored *stored)
{
    struct going *going = CHECKED(going, context);
    going->upload = NULL;
    if (outcome == S3_OK) {
        going->peaks.bytes = stored->size;
        memcpy(going->peaks.sha256, stored->sha256, sizeof going->peaks.sha256);
    } else {
        tell(&going->call, "PEAKS_NOT_STORED", s3_outcome_name(outcome), stored->size);
    }
    write_down(going);
}

/* The sound is there. A waveform that is not made yet comes later, by uploads_add. */
static void go_on_with_peaks(struct going *going)
{
    struct file_facts peaks;
    char key[S3_KEY_SIZE];
    const struct call_ref *call = &going->call;
    (void)object_peaks_key(call->business_id, call->call_sid, key);
    switch (file_peaks_find(going->uploads->app->config, call->business_id, call->call_sid,
                            &going->file, &peaks)) {
    case RESULT_OK: start(going, key, OBJECT_PEAKS_TYPE, &peaks, on_peaks); break;
    case RESULT_INVALID: going->peaks.bytes = 0; break;
    default: break;
    }
    if (going->upload == NULL) {
        write_down(going);
    }
}

static void on_sound(void *context, enum s3_outcome outcome, const struct s3_stored *stored)
{
    struct going *going = CHECKED(going, context);
    struct uploads *uploads = going->uploads;
    const struct call_ref *call = &going->call;
    going->upload = NULL;
    if (outcome == S3_OK) {
        uploads->rest_ms = 0;
        going->sound = *stored;
        go_on_with_peaks(going);
        return;
    }
    tell(call, "OBJECT_FAILED", s3_outcome_name(outcome), stored->size);
    (void)object_held_up(uploads->app, call->business_id, call->call_sid);
    uploads_add(uploads, call->business_id, call->call_sid);
    rest(uploads);
}

/* The file may be gone by now, and the store may have it by now. */
static void begin(struct uploads *uploads, struct going *going, const struct call_ref *call)
{
    struct object_facts there;
    char key[S3_KEY_SIZE];
    const struct app *app = uploads->app;
    *going = (struct going){
        .magic = MAGIC(going), .uploads = uploads, .call = *call, .peaks = {.bytes = -1}};
    if (file_find(app->config, call->business_id, call->call_sid, &going->file) != RESULT_OK) {
        return;
    }
    enum result result = object_find(app, call->business_id, call->call_sid, &there);
    going->has_row = result == RESULT_OK && object_is_of(&there, &going->file);
    if (going->has_row) {
        (void)object_known(app, call->business_id, call->call_sid);
        if (there.peaks.bytes < 0) {
            go_on_with_peaks(going);
        }
    } else if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        (void)object_key(call->business_id, call->call_sid, going->file.kind, key);
        start(going, key, audio_content_type(going->file.kind), &going->file, on_sound);
    }
}

/* ---- all of them ---- */

bool uploads_tick(struct uploads *uploads, bool may_begin)
{
    int64_t now = clock_monotonic_ms();
    bool busy = false;
    if (uploads->place_count == 0) {
        return false;
    }
    if (may_begin && now >= uploads->next_look_ms && uploads->line.count < CALL_FIFO_MAX / 2) {
        look_for_more(uploads, now);
    }
    for (size_t i = 0; i < uploads->place_count; i++) {
        struct going *going = &uploads->places[i];
        struct call_ref call;
        while (may_begin && going->upload == NULL && now >= uploads->rest_until_ms &&
               call_fifo_next(&uploads->line, &call)) {
            begin(uploads, going, &call);
        }
        if (going->upload != NULL) {
            busy = s3_upload_step(going->upload) || busy;
        }
    }
    return busy;
}

size_t uploads_running(const struct uploads *uploads)
{
    return call_fifo_at_hand(uploads, uploads->place_count, going_at, 0, NULL);
}

bool uploads_idle(const struct uploads *uploads)
{
    bool waits = uploads->line.count > 0 && clock_monotonic_ms() >= uploads->rest_until_ms;
    bool looked = uploads->next_look_ms > 0 || uploads->place_count == 0;
    return looked && !waits && uploads_running(uploads) == 0;
}
