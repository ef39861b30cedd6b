#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "base/text.h"
#include "base/utf8.h"
#include "clients/json.h"
#include "json_repair.h"

enum { DOCUMENT_MAX = 64 * 1024, READ_MAX = 16 * 1024, KEY_LENGTH_MIN = 16 };

/* What an error says about itself, wherever its server puts it; all borrowed, NULL for none. */
struct told {
    const char *code, *param, *type;
    struct buf message, where; /* `where`: FastAPI's place of the fault */
};

/* ---- where servers put it ---- */

static void add_message(struct told *told, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        buf_text(&told->message, told->message.len > 0 ? "; " : "");
        buf_text(&told->message, text);
    }
}

static const char *first_of(const char *one, const char *other)
{
    return one != NULL && one[0] != '\0' ? one : other;
}

static void read_object(struct told *told, const struct json *error)
{
    told->code = first_of(json_text_at(error, "code"), told->code);
    told->param = first_of(json_text_at(error, "param"), told->param);
    told->type = first_of(json_text_at(error, "type"), told->type);
    add_message(told, json_text_at(error, "message"));
}

/* A text, an object, or a list of what is wrong with which field (FastAPI, 422). */
static void read_detail(struct told *told, const struct json *detail)
{
    add_message(told, json_text(detail));
    read_object(told, detail);
    for (size_t i = 0; i < json_count(detail); i++) {
        const struct json *one = json_item(detail, i);
        add_message(told, json_text(one));
        add_message(told, json_text_at(one, "msg"));
        buf_text(&told->where, " ");
        json_print_plain(json_member(one, "loc"), &told->where);
    }
}

static void read_told(struct told *told, const struct json *json)
{
    const struct json *error = json_member(json, "error");
    if (json_count(json) > 0) { /* a list of errors: Google's servers */
        json = json_item(json, 0);
        error = json_member(json, "error");
    }
    add_message(told, json_text(json));
    add_message(told, json_text(error));
    read_object(told, error);
    read_object(told, json);
    read_detail(told, json_member(json, "detail"));
    const struct json *message = json_member(json, "message");
    if (told->message.len == 0 && json_is_nested(message)) { /* Mistral */
        const struct json *detail = json_member(message, "detail");
        read_detail(told, detail != NULL ? detail : message);
    }
    if (told->message.len == 0) {
        add_message(told, json_text_at(json, "msg"));
        json_print_plain(json_member(json, "errors"), &told->message);
    }
}

/* A page for people: what is between its tags, from its title on. */
static void read_page(struct told *told, const char *text, size_t len)
{
    static const char TITLE[] = "<title>";
    const char *title = memmem(text, len, TITLE, sizeof TITLE - 1);
    bool in_tag = false;
    for (const char *c = title != NULL ? title : text; c < text + len; c++) {
        if (title != NULL && c > title && memmem(c, (size_t)(text + len - c), "</title", 7) == c) {
            break;
        }
        in_tag = in_tag || *c == '<';
        if (!in_tag) {
            buf_add(&told->message, c, 1);
        }
        in_tag = in_tag && *c != '>';
    }
}

/* ---- what it means ---- */

static bool holds(const char *text, const char *words)
{
    return text != NULL && strcasestr(text, words) != NULL;
}

static bool any_holds(const struct told *told, const char *words)
{
    return holds(told->code, words) || holds(told->type, words) ||
           holds(buf_str(&told->message), words);
}

/* OpenAI names the model in errors that are about what it takes, too. */
static bool is_model(const struct told *told, long status)
{
    if ((status != 400 && status != 404 && status != 422) ||
        holds(told->code, "unsupported_parameter")) {
        return false;
    }
    if (told->param != NULL && told->param[0] != '\0') {
        return text_same(told->param, "model");
    }
    if (holds(told->code, "model") || holds(told->type, "invalid_model") ||
        holds(told->code, "DeploymentNotFound")) {
        return true;
    }
    return status == 404 && holds(buf_str(&told->message), "model");
}

/* A language model is no language. */
static bool names_field(const char *message, const char *field)
{
    return holds(message, field) &&
           (strcmp(field, "language") != 0 || !holds(message, "language model"));
}

/* By param or place, else by name in its words; `verbose_json` and the like are formats. */
static const char *field_named(const struct told *told, long status, const char *const *fields)
{
    bool refused = status == 400 || status == 422 || status == 415 || status == 501;
    for (size_t i = 0; refused && fields[i] != NULL; i++) {
        if (holds(told->param, fields[i]) || holds(buf_str(&told->where), fields[i])) {
            return fields[i];
        }
    }
    bool in_words = refused && (told->param == NULL || text_same(told->param, "model"));
    for (size_t i = 0; in_words && fields[i] != NULL; i++) {
        if (names_field(buf_str(&told->message), fields[i])) {
            return fields[i];
        }
    }
    bool format = refused && (any_holds(told, "verbose_json") || any_holds(told, "json_object") ||
                              any_holds(told, "response format"));
    for (size_t i = 0; format && fields[i] != NULL; i++) {
        if (strcmp(fields[i], "response_format") == 0) {
            return fields[i];
        }
    }
    return NULL;
}

/* A proxy says 413; OpenAI's newer models have a length of sound beside it. */
static bool is_size(const struct told *told, long status)
{
    bool refused = status == 400 || status == 422;
    return status == 413 ||
           (refused &&
            (any_holds(told, "maximum content size") || any_holds(told, "audio duration") ||
             any_holds(told, "input_too_large") || any_holds(told, "file is too large") ||
             any_holds(told, "file too large") || any_holds(told, "audio is too l")));
}

static bool is_context(const struct told *told)
{
    return any_holds(told, "context_length") || any_holds(told, "context length") ||
           any_holds(told, "context window") || any_holds(told, "maximum context") ||
           any_holds(told, "context size") || any_holds(told, "prompt is too long") ||
           any_holds(told, "too many tokens") || any_holds(told, "string_above_max_length");
}

static bool is_quota(const struct told *told, long status)
{
    return status == 402 || any_holds(told, "insufficient_quota") ||
           any_holds(told, "billing_hard_limit") || any_holds(told, "insufficient_balance") ||
           any_holds(told, "insufficient balance") || any_holds(told, "billing_not_active");
}

static enum answer_fault fault_of(const struct told *told, long status, const char *const *fields,
                                  struct answer_error *out)
{
    if (is_quota(told, status)) {
        return ANSWER_FAULT_QUOTA;
    }
    if (is_size(told, status)) {
        return ANSWER_FAULT_SIZE;
    }
    if (status >= 400 && is_context(told)) {
        return ANSWER_FAULT_CONTEXT;
    }
    if (status < 500 &&
        (any_holds(told, "content_filter") || holds(told->code, "content_policy"))) {
        return ANSWER_FAULT_FILTER;
    }
    if (is_model(told, status)) {
        return ANSWER_FAULT_MODEL;
    }
    out->field = field_named(told, status, fields);
    return out->field != NULL ? ANSWER_FAULT_FIELD : ANSWER_FAULT_OTHER;
}

/* ---- its words ---- */

static bool is_key_character(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("-_*.", c) != NULL);
}

/* Servers repeat the key that they do not know, or most of it. */
static bool is_secret(const char *word, size_t len, const char *secret)
{
    static const char *const BEGINNINGS[] = {"sk-", "sk_", "gsk_", "hf_", "key-"};
    if (secret != NULL && secret[0] != '\0' && memmem(word, len, secret, strlen(secret)) != NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof BEGINNINGS / sizeof *BEGINNINGS; i++) {
        size_t n = strlen(BEGINNINGS[i]);
        if (len >= KEY_LENGTH_MIN / 2 && strncmp(word, BEGINNINGS[i], n) == 0) {
            return true;
        }
    }
    return memmem(word, len, "***", 3) != NULL;
}

static void hide_secrets(const char *text, const char *secret, struct buf *out)
{
    while (*text != '\0') {
        size_t len = 0;
        while (is_key_character(text[len])) {
            len++;
        }
        if (len > 0 && is_secret(text, len, secret)) {
            buf_text(out, "…");
        } else {
            len += len == 0 ? 1 : 0;
            buf_add(out, text, len);
        }
        text += len;
    }
}

static void say(const struct told *told, const char *secret, struct answer_error *out)
{
    struct buf mended, hidden, line;
    buf_init(&mended, 4 * DOCUMENT_MAX);
    buf_init(&hidden, 8 * DOCUMENT_MAX);
    buf_init(&line, DOCUMENT_MAX);
    utf8_mend_text(buf_str(&told->message), told->message.len, &mended);
    hide_secrets(buf_str(&mended), secret, &hidden);
    utf8_line(buf_str(&hidden), ANSWER_SAID_MAX, &line);
    memcpy(out->said, buf_str(&line), line.len + 1);
    buf_free(&mended);
    buf_free(&hidden);
    buf_free(&line);
}

void answer_read_error(long status, const char *text, size_t len, const char *const *fields,
                       const char *secret, struct answer_error *out)
{
    struct json *json = NULL;
    struct told told = {.code = NULL};
    *out = (struct answer_error){.fault = ANSWER_FAULT_OTHER};
    len = len < READ_MAX ? len : READ_MAX;
    buf_init(&told.message, DOCUMENT_MAX);
    buf_init(&told.where, DOCUMENT_MAX);
    if (json_repair_parse(text, len, DOCUMENT_MAX, &json) == RESULT_OK) {
        read_told(&told, json);
    } else {
        read_page(&told, text, len);
    }
    out->fault = fault_of(&told, status, fields, out);
    say(&told, secret, out);
    json_free(json);
    buf_free(&told.message);
    buf_free(&told.where);
}
