#include "summary.h"

#include <string.h>

#include "base/embedded.h"
#include "clients/json.h"

enum { SUBJECT, DISCUSSED, OUTCOME, NEXT_STEP, FIELDS };

static const char *const KEYS[FIELDS] = {"subject", "discussed", "outcome", "next_step"};

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

/* ---- asking ---- */

static const char *prompt(void)
{
    const struct embedded_file *file = EMBEDDED_PROMPTS;
    while (file->name != NULL && strcmp(file->name, "summary.txt") != 0) {
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

static struct json *json_wanted(void)
{
    struct json *format = json_new();
    json_put_text(format, "type", "json_object");
    return format;
}

enum result summary_ask(const char *model, const char *language, const char *transcript,
                        struct buf *out)
{
    struct buf call;
    buf_init(&call, SUMMARY_ASKED_MAX);
    buf_format(&call, "Language of the call: %s\n\n", language);
    buf_text(&call, transcript);
    struct json *messages = json_new_list();
    json_add(messages, message("system", prompt()));
    json_add(messages, message("user", buf_str(&call)));
    struct json *json = json_new();
    json_put_text(json, "model", model);
    json_put_int(json, "temperature", 0);
    json_put(json, "response_format", json_wanted());
    json_put(json, "messages", messages);
    enum result result = buf_ok(&call) ? json_print(json, out) : RESULT_TOO_BIG;
    json_free(json);
    buf_free(&call);
    return result;
}

/* ---- reading ---- */

/* Some models put their JSON into a Markdown fence, whatever they are told. */
static void unfence(const char **content, size_t *len)
{
    const char *first = memchr(*content, '{', *len);
    const char *last = memrchr(*content, '}', *len);
    if (first != NULL && last != NULL && last > first) {
        *content = first;
        *len = (size_t)(last - first) + 1;
    }
}

static bool has_fields(const struct json *json)
{
    bool good = true;
    for (int i = 0; i < FIELDS && good; i++) {
        good = json_text_at(json, KEYS[i]) != NULL;
    }
    return good && json_text_at(json, KEYS[SUBJECT])[0] != '\0';
}

enum result summary_read(const char *content, size_t len, bool hebrew, struct buf *out)
{
    static const char *const LABELS[2][FIELDS] = {{"Subject", "Discussed", "Outcome", "Next step"},
                                                  {"נושא", "מה נדון", "תוצאה", "הצעד הבא"}};
    struct json *json = NULL;
    unfence(&content, &len);
    if (json_parse(content, len, &json) != RESULT_OK || !has_fields(json)) {
        json_free(json);
        return RESULT_INVALID;
    }
    for (int i = 0; i < FIELDS; i++) {
        const char *text = json_text_at(json, KEYS[i]);
        if (text[0] != '\0') {
            buf_format(out, "%s%s: %s", i > 0 ? "\n" : "", LABELS[hebrew][i], text);
        }
    }
    json_free(json);
    return buf_ok(out) ? RESULT_OK : RESULT_INVALID;
}
