#include <string.h>

#include "answer.h"
#include "clients/json.h"
#include "json_repair.h"

enum { DOCUMENT_MAX = 8 << 20 };

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
    /* A text, or a list of parts that have one (Mistral's thinking parts have another list). */
    (void)json_print_texts(json_member(message, "content"), "", content);
    if (content->len == begin) {
        (void)json_print_texts(json_member(choice, "text"), "", content);
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
    struct json *json = NULL;
    enum answer_chat found = ANSWER_CHAT_NONE;
    if (json_repair_parse(text, len, DOCUMENT_MAX, &json) == RESULT_OK) {
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
    return found != ANSWER_CHAT_SAID || buf_ok(content) ? found : ANSWER_CHAT_NONE;
}
