/*
 * The list of calls: metadata only. It looks, and never asks for anything to be fetched.
 */
#include <string.h>

#include "base/magic.h"
#include "calls/call.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/note.h"
#include "http/states.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 100, SEARCH_MAX = 200 };

struct page {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct json *calls;
};

static bool is_one_of(const char *value, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, value) == 0) {
            return true;
        }
    }
    return false;
}

static bool read_filter(const struct form *query, struct call_filter *filter)
{
    static const char *const DIRECTIONS[] = {"inbound", "outbound", "outbound-api", "outbound-dial",
                                             NULL};
    static const char *const STATUSES[] = {"queued",    "initiated", "ringing", "in-progress",
                                           "completed", "busy",      "failed",  "no-answer",
                                           "canceled",  NULL};
    const char *limit = form_get(query, "limit");
    const char *recording = form_get(query, "has_recording");
    *filter = (struct call_filter){
        .limit = LIMIT_DEFAULT,
        .cursor = form_get(query, "cursor"),
        .search = form_get(query, "search"),
        .direction = form_get(query, "direction"),
        .status = form_get(query, "status"),
    };
    if (limit != NULL && !text_int(limit, 1, LIMIT_MAX, &filter->limit)) {
        return false;
    }
    if (recording != NULL) {
        bool yes = strcmp(recording, "true") == 0;
        filter->has_recording = yes ? CALL_YES : CALL_NO;
        if (!yes && strcmp(recording, "false") != 0) {
            return false;
        }
    }
    if (filter->search != NULL && filter->search[0] == '\0') {
        filter->search = NULL;
    }
    return (filter->direction == NULL || is_one_of(filter->direction, DIRECTIONS)) &&
           (filter->status == NULL || is_one_of(filter->status, STATUSES)) &&
           (filter->search == NULL || strlen(filter->search) <= SEARCH_MAX);
}

static void add_call(void *context, const struct call_row *row)
{
    struct page *page = CHECKED(page, context);
    json_add(page->calls, call_json(page->app, page->business_id, row));
}

void handle_calls(const struct app *app, struct request *request, struct response *response)
{
    struct call_filter filter;
    struct page page = {
        .magic = MAGIC(page), .app = app, .business_id = request->caller.business_id};
    char next[CALL_CURSOR_SIZE];
    if (!read_filter(&request->query, &filter)) {
        response_error(response, MESSAGE_BAD_PARAMETER);
        return;
    }
    page.calls = json_new_list();
    enum result result = call_list(app, page.business_id, &filter, add_call, &page, next);
    if (result != RESULT_OK) {
        json_free(page.calls);
        states_answer_failure(result, response);
        return;
    }
    struct json *json = json_new();
    json_put(json, "calls", page.calls);
    json_put_text(json, "next_cursor", next[0] != '\0' ? next : NULL);
    response_json(response, 200, json);
    note_caller(app, request, response, filter.search != NULL ? AUDIT_SEARCH : AUDIT_LIST, "");
}
