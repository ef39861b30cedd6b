/*
 * The list of calls as a file: all that a filter finds, however many, page after page, so that
 * neither a responder's memory nor PostgreSQL's time grows with it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "calls/call.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/call_query.h"
#include "http/csv.h"
#include "http/note.h"
#include "http/sending.h"
#include "http/states.h"

enum {
    PAGE_MAX = 1024 * 1024,      /* a hundred rows, with summaries */
    LONGEST = 256 * 1024 * 1024, /* bytes that a slow reader is borne with for */
};

static const char COLUMNS[] =
    CSV_BOM "call_sid,time_utc,direction,status,line,party,agent_id,agent_name,contact_name,"
            "duration_s,agent_s,customer_s,silence_s,recording_status,recordings,recordings_s,"
            "starred,tags,heard,summary\r\n";

struct csv_export {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct call_query query;
    struct buf rows;
};

static void add_seconds(struct buf *out, int64_t ms)
{
    if (ms < 0) {
        csv_text(out, NULL);
    } else {
        csv_int(out, (ms + 500) / 1000);
    }
}

/* "a; b" */
static void add_tags(struct buf *out, const struct json *row)
{
    const struct json *tags = json_list_at(row, "tags");
    struct buf text;
    buf_init(&text, PAGE_MAX);
    for (size_t i = 0; i < json_count(tags); i++) {
        buf_text(&text, i > 0 ? "; " : "");
        buf_text(&text, json_text_at(json_item(tags, i), "tag"));
    }
    csv_text(out, buf_str(&text));
    buf_free(&text);
}

static void add_row(void *context, const struct call_row *row)
{
    struct csv_export *export = CHECKED(csv_export, context);
    struct buf *out = &export->rows;
    struct json *json = call_json(export->app, export->business_id, row);
    csv_text(out, row->facts.call_sid);
    csv_time(out, row->created_at);
    csv_text(out, row->direction);
    csv_text(out, row->status);
    csv_text(out, row->line);
    csv_text(out, row->party);
    csv_text(out, row->agent_id);
    csv_text(out, row->agent_name);
    csv_text(out, row->contact_name);
    add_seconds(out, row->duration < 0 ? -1 : row->duration * 1000);
    add_seconds(out, row->agent_ms);
    add_seconds(out, row->customer_ms);
    add_seconds(out, row->silence_ms);
    csv_text(out, json_text_at(json, "recording_status"));
    csv_int(out, row->facts.recordings);
    csv_int(out, row->recordings_duration);
    csv_text(out, row->starred);
    add_tags(out, json);
    csv_text(out, row->heard ? "yes" : "no");
    csv_text(out, row->summary);
    csv_end(out);
    json_free(json);
}

static void send_all(void *context, const struct response_io *io)
{
    struct csv_export *export = CHECKED(csv_export, context);
    char cursor[CALL_CURSOR_SIZE] = "", next[CALL_CURSOR_SIZE];
    enum result result = RESULT_OK;
    bool there = true;
    buf_text(&export->rows, COLUMNS);
    do {
        export->query.filter.cursor = cursor[0] != '\0' ? cursor : NULL;
        result = call_list(export->app, export->business_id, &export->query.filter, add_row, export,
                           next);
        if (result != RESULT_OK || !buf_ok(&export->rows)) {
            buf_clear(&export->rows);
            csv_text(&export->rows, "This list is incomplete: the rest could not be read.");
            csv_end(&export->rows);
            next[0] = '\0';
        }
        there = export->rows.len == 0 ||
                io->write(io->handle, buf_str(&export->rows), export->rows.len);
        buf_clear(&export->rows);
        memcpy(cursor, next, sizeof cursor);
    } while (there && cursor[0] != '\0');
}

static void free_export(void *context)
{
    struct csv_export *export = CHECKED(csv_export, context);
    call_query_free(&export->query);
    buf_free(&export->rows);
    free(export);
}

static enum result begin(const struct app *app, const struct request *request,
                         struct response *response)
{
    struct csv_export *export = calloc(1, sizeof *export);
    if (export == NULL) {
        return RESULT_FAILED;
    }
    export->magic = MAGIC(csv_export);
    export->app = app;
    export->business_id = request->caller.business_id;
    buf_init(&export->rows, PAGE_MAX);
    enum result result = call_query_read(request, &export->query);
    export->query.filter.limit = CALL_QUERY_LIMIT_MAX;
    if (result == RESULT_OK && request->method == METHOD_GET &&
        !sending_begin(app, LONGEST, response->sending)) {
        result = RESULT_UNAVAILABLE;
    }
    if (result != RESULT_OK) {
        free_export(export);
        return result;
    }
    const struct response_stream stream = {send_all, free_export, export};
    response_stream(response, "text/csv; charset=utf-8", &stream);
    response_header(response, "Content-Disposition", "attachment; filename=\"calls.csv\"");
    return RESULT_OK;
}

void handle_calls_csv(const struct app *app, struct request *request, struct response *response)
{
    enum result result = begin(app, request, response);
    if (result != RESULT_OK) {
        states_answer_failure(result, response);
        return;
    }
    note_caller(app, request, response, AUDIT_EXPORT, "");
}
