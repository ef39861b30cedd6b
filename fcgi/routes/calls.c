/*
 * The list of calls: metadata only, and of a search the sentences that it hit. It looks, and never
 * asks for anything to be fetched.
 */
#include <string.h>

#include "base/magic.h"
#include "calls/call.h"
#include "calls/call_hits.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/call_query.h"
#include "http/note.h"
#include "http/parameter.h"

/* A row that is in the page: borrowed. */
struct listed {
    char call_sid[SID_SIZE];
    struct json *row, *hits;
};

struct page {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct json *calls;
    struct listed listed[CALL_QUERY_LIMIT_MAX];
    size_t count, at; /* rows, and the one that the last hit was of */
};

static void add_call(void *context, const struct call_row *row)
{
    struct page *page = CHECKED(page, context);
    struct json *json = call_json(page->app, page->business_id, row);
    struct listed *one = &page->listed[page->count++];
    memcpy(one->call_sid, row->facts.call_sid, sizeof one->call_sid);
    one->row = json;
    json_add(page->calls, json);
}

/* Hits come in the order of the rows. */
static void add_hit(void *context, const struct call_hit *hit)
{
    struct page *page = CHECKED(page, context);
    while (page->at < page->count && strcmp(page->listed[page->at].call_sid, hit->call_sid) != 0) {
        page->at++;
    }
    if (page->at == page->count) {
        return;
    }
    const struct listed *of = &page->listed[page->at];
    if (hit->recording == NULL) {
        json_put_flag(of->row, "hits_more", true);
        return;
    }
    struct json *json = json_new(), *marks = json_put_list(json, "marks");
    for (size_t i = 0; i < hit->count; i++) {
        struct json *mark = json_new_list();
        json_add_int(mark, (int64_t)hit->marks[i].start);
        json_add_int(mark, (int64_t)hit->marks[i].end);
        json_add(marks, mark);
    }
    json_put_text(json, "recording", hit->recording);
    json_put_seconds(json, "at", hit->at_ms);
    json_put_text(json, "speaker", hit->speaker);
    json_put_text(json, "text", hit->text);
    json_add(of->hits, json);
}

static enum result add_hits(const char *search, struct page *page)
{
    struct buf calls;
    buf_init(&calls, CALL_QUERY_LIMIT_MAX * (SID_SIZE + 1) + 2);
    buf_text(&calls, "{");
    for (size_t i = 0; i < page->count; i++) {
        struct listed *one = &page->listed[i];
        one->hits = json_put_list(one->row, "hits");
        json_put_flag(one->row, "hits_more", false);
        buf_format(&calls, "%s%s", i > 0 ? "," : "", one->call_sid);
    }
    buf_text(&calls, "}");
    enum result result =
        call_hits(page->app, page->business_id, buf_str(&calls), search, add_hit, page);
    buf_free(&calls);
    return result;
}

void handle_calls(const struct app *app, struct request *request, struct response *response)
{
    struct call_query query;
    struct json *json = json_new();
    struct page page = {.magic = MAGIC(page),
                        .app = app,
                        .business_id = request->caller.business_id,
                        .calls = json_put_list(json, "calls")};
    char next[CALL_CURSOR_SIZE] = "";
    enum result result = call_query_read(request, &query);
    const char *search = query.filter.search;
    bool goes_on = query.filter.cursor != NULL;
    if (result == RESULT_OK) {
        result = call_list(app, page.business_id, &query.filter, add_call, &page, next);
    }
    if (result == RESULT_OK && search != NULL && page.count > 0) {
        result = add_hits(search, &page);
    }
    call_query_free(&query);
    json_put_text(json, "next_cursor", next[0] != '\0' ? next : NULL);
    parameter_answer_json(result, goes_on ? "cursor" : "search", json, response);
    note_caller(app, request, response, search != NULL ? AUDIT_SEARCH : AUDIT_LIST, "");
}
