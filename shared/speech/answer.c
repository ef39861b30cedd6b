#include "answer.h"

#include <string.h>

#include "clients/json.h"

enum { SEGMENTS_MAX = 20000 };

/* ---- transcriptions ---- */

static bool is_segment(const struct json *segment)
{
    int64_t start = json_seconds_at(segment, "start", -1);
    return start >= 0 && json_seconds_at(segment, "end", -1) >= start &&
           json_text_at(segment, "text") != NULL;
}

static bool are_segments(const struct json *list)
{
    bool good = json_count(list) <= SEGMENTS_MAX;
    for (size_t i = 0; i < json_count(list) && good; i++) {
        good = is_segment(json_item(list, i));
    }
    return good;
}

static void visit_segments(const struct json *list, answer_visitor *visit, void *context)
{
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *segment = json_item(list, i);
        visit(context, json_seconds_at(segment, "start", 0), json_seconds_at(segment, "end", 0),
              json_text_at(segment, "text"));
    }
}

enum result answer_read_speech(const char *text, size_t len, answer_visitor *visit, void *context)
{
    struct json *json = NULL;
    enum result result = json_parse(text, len, &json);
    const struct json *list = result == RESULT_OK ? json_list_at(json, "segments") : NULL;
    const char *whole = result == RESULT_OK ? json_text_at(json, "text") : NULL;
    if (result != RESULT_OK || (list == NULL && whole == NULL) ||
        (list != NULL && !are_segments(list))) {
        result = RESULT_INVALID;
    } else if (json_count(list) > 0) {
        visit_segments(list, visit, context);
    } else if (whole != NULL) {
        visit(context, 0, -1, whole);
    }
    json_free(json);
    return result;
}

/* ---- completions ---- */

static enum result read_choice(const struct json *choice, struct buf *content)
{
    const char *said = json_text_at(json_child_at(choice, "message"), "content");
    const char *why = json_text_at(choice, "finish_reason");
    if (said == NULL) {
        return RESULT_INVALID;
    }
    if (said[0] == '\0' || (why != NULL && strcmp(why, "length") == 0)) {
        return RESULT_NOT_FOUND;
    }
    buf_text(content, said);
    return buf_ok(content) ? RESULT_OK : RESULT_INVALID;
}

enum result answer_read_chat(const char *text, size_t len, struct buf *content)
{
    struct json *json = NULL;
    enum result result = json_parse(text, len, &json);
    if (result == RESULT_OK) {
        const struct json *choices = json_list_at(json, "choices");
        result =
            json_count(choices) > 0 ? read_choice(json_item(choices, 0), content) : RESULT_INVALID;
    }
    json_free(json);
    return result;
}

/* ---- errors ---- */

static bool names_model(const char *text)
{
    return text != NULL && strstr(text, "model") != NULL;
}

bool answer_is_model_error(long status, const char *text, size_t len)
{
    struct json *json = NULL;
    if ((status != 400 && status != 404 && status != 422) ||
        json_parse(text, len, &json) != RESULT_OK) {
        return false;
    }
    const struct json *error = json_child_at(json, "error");
    bool found = names_model(json_text_at(error, "code")) ||
                 names_model(json_text_at(error, "param")) ||
                 names_model(json_text_at(error, "message"));
    json_free(json);
    return found;
}
