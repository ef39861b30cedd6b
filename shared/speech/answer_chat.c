#include <string.h>

#include "answer.h"
#include "clients/json.h"
#include "json_repair.h"

enum { DOCUMENT_MAX = 8 << 20 };

/* A text, or a list of parts that have one (Mistral's thinking parts have another list). */
static void add_content(const struct json *content, struct buf *out)
{
    if (json_text(content) != NULL) {
        buf_text(out, json_text(content));
    }
    for (size_t i = 0; i < json_count(content); i++) {
        const struct json *part = json_item(content, i);
        const char *text = json_text(part) != NULL ? json_text(part) : json_text_at(part, "text");
        buf_text(out, text != NULL ? text : "");
    }
}

/* Where a server puts what was asked for as JSON into a call of a tool. */
static void add_arguments(const struct json *message, struct buf *out)
{
    const struct json *call = json_item(json_list_at(message, "tool_calls"), 0);
    const char *arguments = json_text_at(json_child_at(call, "function"), "arguments");
    buf_text(out, arguments != NULL ? arguments : "");
}

static bool has_word(const char *text, const char *word)
{
    return text != NULL && strstr(text, word) != NULL;
}

static enum answer_chat read_message(const struct json *choice, const struct json *message,
                                     struct buf *content)
{
    const char *refusal = json_text_at(message, "refusal");
    const char *why = json_text_at(choice, "finish_reason");
    size_t begin = content->len;
    if (refusal != NULL && refusal[0] != '\0') {
        buf_text(content, refusal);
        return ANSWER_CHAT_REFUSED;
    }
    add_content(json_member(message, "content"), content);
    if (content->len == begin) {
        add_content(json_member(choice, "text"), content);
    }
    if (content->len == begin) {
        add_arguments(message, content);
    }
    if (has_word(why, "content_filter") || has_word(why, "refusal")) {
        return ANSWER_CHAT_REFUSED;
    }
    if (has_word(why, "length")) {
        return ANSWER_CHAT_CUT;
    }
    return content->len > begin ? ANSWER_CHAT_SAID : ANSWER_CHAT_EMPTY;
}

enum answer_chat answer_read_chat(const char *text, size_t len, struct buf *content)
{
    struct json_repair repair;
    struct json *json = NULL;
    struct buf document;
    enum answer_chat found = ANSWER_CHAT_NONE;
    buf_init(&document, DOCUMENT_MAX);
    json_repair_begin(&repair, NULL, &document);
    (void)json_repair_feed(&repair, text, len);
    if (json_repair_end(&repair) == JSON_REPAIR_WHOLE &&
        json_parse_repaired(buf_str(&document), document.len, &json) == RESULT_OK) {
        const struct json *choice = json_item(json_list_at(json, "choices"), 0);
        const struct json *message = json_child_at(choice, "message");
        if (choice == NULL) { /* Ollama's own API has one message and no choices */
            choice = json;
            message = json_child_at(json, "message");
        }
        if (message != NULL || json_has(choice, "text")) {
            found = read_message(choice, message, content);
        }
    }
    json_free(json);
    buf_free(&document);
    return found != ANSWER_CHAT_SAID || buf_ok(content) ? found : ANSWER_CHAT_NONE;
}
