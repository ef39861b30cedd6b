/*
 * Shares, as the business makes, lists and revokes them: shared/marks/share_link.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "base/utf8.h"
#include "calls/call.h"
#include "handlers.h"
#include "http/mark_request.h"
#include "http/parameter.h"
#include "http/states.h"
#include "marks/share_link.h"
#include "recordings/service.h"

static const char EXPECTED[] = "a JSON object; if wanted recording (RE…), from and to (seconds), "
                               "expires_in (seconds), listenings, label";

enum { LABEL_MAX = 4 * SHARE_LABEL_LETTERS, URL_MAX = 4096 };

/* ---- as JSON ---- */

static struct json *share_json(const struct share_link *share)
{
    struct json *json = json_new();
    json_put_text(json, "id", share->id);
    json_put_text(json, "label", share->label);
    json_put_text(json, "by", share->author);
    json_put_text(json, "created_at", share->created_at);
    json_put_text(json, "expires_at", share->expires_at);
    json_put_text(json, "revoked_at", share->revoked_at);
    json_put_known_int(json, "listenings", share->listenings);
    json_put_int(json, "listened", share->listened);
    json_put_text(json, "recording", share->name);
    json_put_known_seconds(json, "from", share->from_ms);
    json_put_known_seconds(json, "to", share->to_ms);
    return json;
}

/* A list of all, or the one that was just made. */
struct showing {
    struct magic magic;
    struct json *json;
    const char *id; /* NULL: all */
};

static void show(void *context, const struct share_link *share)
{
    struct showing *showing = CHECKED(showing, context);
    if (showing->id == NULL) {
        json_add(showing->json, share_json(share));
    } else if (strcmp(showing->id, share->id) == 0 && showing->json == NULL) {
        showing->json = share_json(share);
    }
}

/* ---- making one ---- */

static bool read_number(const struct json *json, const char *key, int64_t most, int64_t otherwise,
                        int64_t *out)
{
    bool said = !json_is_none(json_member(json, key));
    *out = said ? json_int_at(json, key, 0) : otherwise;
    return !said || (*out >= 1 && *out <= most);
}

static bool read_label(const struct json *json, struct buf *out)
{
    const char *text;
    bool good = mark_request_text(json, "label", &text);
    if (text != NULL) {
        utf8_line(text, LABEL_MAX, out);
    }
    return good && buf_ok(out) && utf8_letters(buf_str(out)) <= SHARE_LABEL_LETTERS;
}

/* From the beginning to the end is no part. */
static bool read_wish(const struct json *json, struct buf *label, int64_t *expires_s,
                      struct share_link *share)
{
    bool good =
        read_number(json, "expires_in", SHARE_EXPIRES_MAX, SHARE_EXPIRES_DEFAULT, expires_s) &&
        read_number(json, "listenings", SHARE_LISTENINGS_MAX, -1, &share->listenings) &&
        mark_request_moment(json, "from", &share->from_ms) &&
        mark_request_moment(json, "to", &share->to_ms) && read_label(json, label);
    share->label = buf_str(label);
    if (share->from_ms == 0 && share->to_ms < 0) {
        share->from_ms = -1;
    }
    return good && (share->to_ms < 0 || share->to_ms > share->from_ms);
}

/* Which recording is meant, if it is this call's; and may it be heard? False: that is answered. */
static bool find_recording(const struct app *app, const struct request *request,
                           const struct json *json, struct share_link *share,
                           struct response *response)
{
    struct look look;
    const char *sid;
    char name[SID_SIZE];
    enum result result = mark_request_recording(app, request, json, &sid, name);
    if (result == RESULT_OK) {
        result = service_look(app, request->caller.business_id, name, &look);
    }
    if (result == RESULT_OK && !look.has_facts && look.state != STATE_NO_CALL) {
        result = RESULT_UNAVAILABLE;
    }
    if (result != RESULT_OK) {
        mark_request_answer(result, 0, NULL, EXPECTED, response);
        return false;
    }
    bool part = share->from_ms >= 0 || share->to_ms >= 0;
    switch (look.state) {
    case STATE_NO_CALL:
    case STATE_EXPIRED:
    case STATE_UNAVAILABLE:
    case STATE_NO_RECORDING: states_answer(&look, response); return false;
    case STATE_READY:
        if (part && look.file.kind != AUDIO_WAV) {
            response_error(response, MESSAGE_PART_NOT_POSSIBLE);
            return false;
        }
        break;
    default: break;
    }
    memcpy(share->name, look.state == STATE_READY ? look.file_sid : look.facts.source_sid,
           sizeof share->name);
    return true;
}

static enum result show_made(const struct app *app, const struct request *request,
                             const struct share_link *share, struct response *response)
{
    char text[SHARE_TOKEN_SIZE];
    struct showing showing = {.magic = MAGIC(showing), .id = share->id};
    struct share_token token = {.expires = 0};
    struct buf url;
    memcpy(token.share, share->id, sizeof token.share);
    enum result result = share_token_print(app->config, &token, text);
    if (result == RESULT_OK) {
        result =
            share_link_each(app, request->caller.business_id, request->call_sid, show, &showing);
    }
    if (result != RESULT_OK || showing.json == NULL) {
        return result == RESULT_OK ? RESULT_NOT_FOUND : result;
    }
    buf_init(&url, URL_MAX);
    buf_format(&url, "%s/share.html#%s", app->config->public_base_url, text);
    json_put_text(showing.json, "url", buf_ok(&url) ? buf_str(&url) : NULL);
    buf_free(&url);
    response_json(response, 201, showing.json);
    return RESULT_OK;
}

static enum result add(const struct app *app, const struct request *request,
                       const struct json *json, struct response *response)
{
    struct share_link share = {.from_ms = -1};
    struct mark_by by;
    struct buf label;
    int64_t expires_s;
    enum result result = mark_request_by(request, NULL, true, &by);
    buf_init(&label, LABEL_MAX + 8);
    if (result == RESULT_OK && !read_wish(json, &label, &expires_s, &share)) {
        result = RESULT_INVALID;
    } else if (result == RESULT_OK && find_recording(app, request, json, &share, response)) {
        result = share_link_add(app, &by, expires_s, &share);
        if (result == RESULT_OK) {
            result = show_made(app, request, &share, response);
        }
    }
    buf_free(&label);
    return result;
}

void handle_share_add(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = NULL;
    enum result result = request_read_json(request, &json);
    if (result != RESULT_OK) {
        parameter_refuse_body(result, EXPECTED, response);
        return;
    }
    result = add(app, request, json, response);
    json_free(json);
    if (result != RESULT_OK) {
        mark_request_answer(result, 0, NULL, EXPECTED, response);
    }
}

/* ---- those that are there ---- */

void handle_shares(const struct app *app, struct request *request, struct response *response)
{
    struct call_label label;
    int64_t business_id = request->caller.business_id;
    struct json *json = json_new();
    struct showing showing = {.magic = MAGIC(showing), .json = json_put_list(json, "shares")};
    enum result result = call_label(app, business_id, request->call_sid, &label);
    if (result == RESULT_OK) {
        result = share_link_each(app, business_id, request->call_sid, show, &showing);
    }
    mark_request_answer(result, 200, json, NULL, response);
}

void handle_share_revoke(const struct app *app, struct request *request, struct response *response)
{
    struct mark_by by;
    enum result result = mark_request_by(request, NULL, true, &by);
    if (result == RESULT_OK) {
        result = share_link_revoke(app, &by, request->share_id);
    }
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_SHARE_NOT_FOUND);
        return;
    }
    struct json *json = json_new();
    json_put_flag(json, "ok", true);
    mark_request_answer(result, 200, json, NULL, response);
}
