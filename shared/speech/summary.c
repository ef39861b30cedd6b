#include "summary.h"

#include <string.h>

#include "base/embedded.h"
#include "clients/json.h"

enum { INSTRUCTIONS_MAX = 16 * 1024 };

/* ---- without a model ---- */

static bool was_unanswered(const char *status)
{
    static const char *const STATUSES[] = {"busy", "failed", "no-answer", "canceled"};
    for (size_t i = 0; status != NULL && i < sizeof STATUSES / sizeof *STATUSES; i++) {
        if (strcmp(status, STATUSES[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *summary_fixed(const char *call_status, int64_t spoken_ms, bool hebrew)
{
    if (was_unanswered(call_status)) {
        return hebrew ? "השיחה לא נענתה." : "The call was not answered.";
    }
    if (spoken_ms <= 0) {
        return hebrew ? "לא נאמר דבר בשיחה." : "Nothing was said in the call.";
    }
    if (spoken_ms <= SUMMARY_SPOKEN_MS_MIN) {
        return hebrew ? "השיחה קצרה מכדי לסכם." : "The call is too short to be summarised.";
    }
    return NULL;
}

const char *summary_nothing(bool hebrew)
{
    return hebrew ? "אין בשיחה מה לסכם." : "There is nothing in the call to summarise.";
}

/* ---- asking ---- */

static const char *prompt(const char *name)
{
    const struct embedded_file *file = EMBEDDED_PROMPTS;
    while (file->name != NULL && strcmp(file->name, name) != 0) {
        file++;
    }
    return file->name != NULL ? file->bytes : "";
}

static struct json *message(const char *role, const char *content)
{
    struct json *one = json_new();
    json_put_text(one, "role", role);
    json_put_text(one, "content", content);
    return one;
}

static struct json *text_wanted(void)
{
    struct json *type = json_new();
    json_put_text(type, "type", "string");
    return type;
}

const char *summary_answer_key(size_t index)
{
    static const char *const KEYS[BUSINESS_SPEECH_QUESTIONS] = {"answer_1", "answer_2", "answer_3",
                                                                "answer_4", "answer_5"};
    return KEYS[index];
}

static struct json *schema_wanted(size_t questions)
{
    static const char *const KEYS[] = {"subject", "discussed", "outcome", "next_step"};
    const size_t own = sizeof KEYS / sizeof *KEYS;
    struct json *properties = json_new(), *required = json_new_list();
    for (size_t i = 0; i < own + questions; i++) {
        const char *key = i < own ? KEYS[i] : summary_answer_key(i - own);
        json_put(properties, key, text_wanted());
        json_add_text(required, key);
    }
    struct json *schema = json_new(), *named = json_new();
    json_put_text(schema, "type", "object");
    json_put(schema, "properties", properties);
    json_put(schema, "required", required);
    json_put_flag(schema, "additionalProperties", false);
    json_put_text(named, "name", "summary");
    json_put_flag(named, "strict", true);
    json_put(named, "schema", schema);
    return named;
}

static void put_format(struct json *json, const char *type, size_t questions)
{
    struct json *format = json_new();
    json_put_text(format, "type", type);
    if (strcmp(type, "json_schema") == 0) {
        json_put(format, type, schema_wanted(questions));
    }
    json_put(json, "response_format", format);
}

static struct json *instructions(const struct business_speech *speech)
{
    struct buf text;
    buf_init(&text, INSTRUCTIONS_MAX);
    buf_text(&text, prompt("summary.txt"));
    buf_text(&text, speech->question_count > 0 ? prompt("questions.txt") : "");
    for (size_t i = 0; i < speech->question_count; i++) {
        buf_format(&text, "%s: %s\n", summary_answer_key(i), speech->questions[i]);
    }
    struct json *one = message("system", buf_str(&text));
    buf_free(&text);
    return one;
}

enum result summary_ask(const char *model, const struct business_speech *speech,
                        const char *transcript, const struct shape *shape, struct buf *out)
{
    struct buf call;
    buf_init(&call, SUMMARY_ASKED_MAX);
    buf_format(&call, "Language of the call: %s\n\n",
               speech->language[0] != '\0' ? speech->language : "that of the transcript");
    buf_text(&call, transcript);
    struct json *messages = json_new_list();
    json_add(messages, instructions(speech));
    json_add(messages, message("user", buf_str(&call)));
    struct json *json = json_new();
    json_put_text(json, "model", model);
    if (!shape->no_temperature) {
        json_put_int(json, "temperature", 0);
    }
    if (shape_chat_format(shape) != NULL) {
        put_format(json, shape_chat_format(shape), speech->question_count);
    }
    json_put(json, "messages", messages);
    enum result result = buf_ok(&call) ? json_print(json, out) : RESULT_TOO_BIG;
    json_free(json);
    buf_free(&call);
    return result;
}
