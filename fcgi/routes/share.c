/*
 * A share, as somebody outside opens and hears it. Its sound always comes by a responder, which
 * asks the share's row: no front answers for it, and nobody is sent to the object store.
 */
#include <string.h>

#include "base/clock.h"
#include "handlers.h"
#include "http/auth.h"
#include "http/listener.h"
#include "http/note.h"
#include "http/parameter.h"
#include "http/remote.h"
#include "http/serve.h"
#include "http/states.h"
#include "storage/wave_cut.h"

enum { URL_MAX = 4096 };

/* ---- the page ---- */

static bool is_part(const struct share_link *link)
{
    return link->from_ms >= 0 || link->to_ms >= 0;
}

/* How long what is heard will be: the part, or the recording as far as its length is known. */
static int64_t length_of(const struct share_link *link, const struct look *look)
{
    int64_t whole = look->has_facts && look->facts.duration >= 0 ? look->facts.duration * 1000 : -1;
    int64_t end = link->to_ms >= 0 && (whole < 0 || link->to_ms < whole) ? link->to_ms : whole;
    int64_t begin = link->from_ms >= 0 ? link->from_ms : 0;
    return end > begin ? end - begin : -1;
}

static enum result fill(const struct app *app, const struct share_token *token,
                        const struct share_link *link, struct json *json)
{
    char text[SHARE_TOKEN_SIZE], until[CLOCK_ISO_SIZE];
    struct look look;
    struct buf url;
    enum result result = service_look(app, link->business_id, link->name, &look);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&url, URL_MAX);
    bool good =
        share_token_print(app->config, token, text) == RESULT_OK && listener_url(app, token, &url);
    json_put_text(json, "recording", link->name);
    json_put_known_seconds(json, "duration", length_of(link, &look));
    json_put_known_seconds(json, "from", link->from_ms);
    json_put_known_seconds(json, "to", link->to_ms);
    json_put_text(json, "token", good ? text : NULL);
    json_put_text(json, "token_expires_at", clock_iso(token->expires, until));
    json_put_text(json, "play_url", good ? buf_str(&url) : NULL);
    buf_free(&url);
    return good ? RESULT_OK : RESULT_FAILED;
}

static enum result open_share(const struct app *app, const char *text, struct json **out)
{
    struct share_token token;
    struct listener_share share;
    enum result result = listener_open(app, text, false, &token, &share);
    if (result == RESULT_OK) {
        token.expires = clock_wall() + SHARE_LISTENING_S;
        result = crypto_token(token.listening) ? fill(app, &token, &share.link, share.json)
                                               : RESULT_FAILED;
    }
    if (result != RESULT_OK) {
        json_free(share.json);
        return result;
    }
    *out = share.json;
    return RESULT_OK;
}

static void refuse(const struct app *app, struct request *request, enum result result,
                   struct response *response)
{
    if (result == RESULT_DENIED || result == RESULT_INVALID) {
        result = auth_strike(app, request);
    }
    listener_refuse(request, result, response);
}

void handle_share_open(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = NULL, *answer = NULL;
    enum result result = request_read_json(request, &json);
    const char *text = result == RESULT_OK ? json_text_at(json, "token") : NULL;
    if (text == NULL) {
        parameter_refuse_body(result == RESULT_OK ? RESULT_INVALID : result,
                              "a JSON object with the token of the link", response);
    } else {
        result = open_share(app, text, &answer);
        if (result == RESULT_OK) {
            response_json(response, 200, answer);
            response_header(response, "Cache-Control", "private, no-store");
        } else {
            refuse(app, request, result, response);
        }
    }
    json_free(json);
}

/* ---- the sound ---- */

/* RESULT_INVALID: this recording cannot be cut. */
static enum result send_part(const struct app *app, const struct request *request,
                             const struct share_link *link, const struct look *look,
                             struct response *response)
{
    struct plain_wave wave;
    struct wave_cut cut;
    struct response_front front = {.len = 0};
    struct buf head;
    buf_init(&head, PLAIN_WAVE_HEAD_MAX);
    enum result result = look->file.kind == AUDIO_WAV
                             ? remote_head(app, link->business_id, look, PLAIN_WAVE_HEAD_MAX, &head)
                             : RESULT_INVALID;
    if (result == RESULT_OK) {
        result = plain_wave_read((const unsigned char *)buf_str(&head), head.len, &wave);
        result = result == RESULT_OK
                     ? wave_cut(&wave, look->file.size, link->from_ms >= 0 ? link->from_ms : 0,
                                link->to_ms, &cut)
                     : RESULT_INVALID;
    }
    buf_free(&head);
    if (result != RESULT_OK) {
        return result;
    }
    memcpy(front.bytes, cut.head, cut.head_len);
    front.len = cut.head_len;
    front.from = cut.from;
    struct response_source source;
    if (look->remote) {
        source = remote_source(app, link->business_id, look);
    }
    return serve_part(app, request, &look->file, look->remote ? &source : NULL, &front,
                      (int64_t)cut.head_len + cut.length, response);
}

/* It counts before its first byte goes out. */
static enum result send(const struct app *app, const struct request *request,
                        const struct share_token *token, const struct share_link *link,
                        const struct look *look, struct response *response)
{
    enum result result = request->method == METHOD_HEAD ? RESULT_OK : share_link_listen(app, token);
    if (result != RESULT_OK) {
        return result;
    }
    return is_part(link) ? send_part(app, request, link, look, response)
                         : remote_send(app, request, link->business_id, look, "inline", response);
}

static enum result play(const struct app *app, const struct request *request,
                        const struct share_token *token, const struct share_link *link,
                        struct response *response)
{
    struct look look;
    enum result result = remote_look(app, link->business_id, link->name, &look);
    if (result != RESULT_OK) {
        return result;
    }
    if (look.state == STATE_READY) {
        result = send(app, request, token, link, &look, response);
        if (result == RESULT_INVALID) {
            response_error(response, MESSAGE_PART_NOT_POSSIBLE);
            return RESULT_OK;
        }
        return result;
    }
    listener_narrow(&look);
    if (look.state == STATE_ABSENT) {
        response_error(response, MESSAGE_NO_RECORDING);
    } else {
        states_answer(&look, response);
    }
    return RESULT_OK;
}

void handle_share_sound(const struct app *app, struct request *request, struct response *response)
{
    struct share_token token;
    struct listener_share share;
    const char *text = form_get(&request->query, "token");
    enum result result = listener_open(app, text != NULL ? text : "", true, &token, &share);
    json_free(share.json);
    if (result == RESULT_OK) {
        result = play(app, request, &token, &share.link, response);
    }
    if (result != RESULT_OK) {
        refuse(app, request, result, response);
        return;
    }
    note_share(app, request, response, &share.link);
}
