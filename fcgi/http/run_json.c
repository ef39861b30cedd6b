#include "run_json.h"

#include <string.h>

#include "run_id.h"

struct json *run_json(const struct app *app, const struct history_run *record)
{
    bool active = strcmp(record->status, "queued") == 0 || strcmp(record->status, "running") == 0;
    struct json *json = json_new();
    json_put_int(json, "run_id", run_id_shown(app, record->id));
    json_put_text(json, "call_sid", record->call_sid);
    json_put_text(json, "job_type", record->job_type);
    json_put_text(json, "status", record->status);
    json_put_flag(json, "cancel_requested", record->cancel_requested);
    json_put_flag(json, "can_cancel", active && !record->cancel_requested);
    json_put_text(json, "error", record->error);
    json_put_text(json, "error_code", record->error_code);
    json_put_int(json, "retry_count", record->attempts);
    json_put_text(json, "created_at", record->created_at);
    json_put_text(json, "started_at", record->started_at);
    json_put_text(json, "completed_at", record->completed_at);
    return json;
}
