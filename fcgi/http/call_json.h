/*
 * A call as JSON: the row of the list, and the page of one call.
 */
#ifndef TAPEDECK_FCGI_HTTP_CALL_JSON_H
#define TAPEDECK_FCGI_HTTP_CALL_JSON_H

#include "app.h"
#include "calls/call.h"
#include "clients/json.h"

/* The caller owns the result. The recording's state is the service's, never our own guess. */
struct json *call_json(const struct app *app, int64_t business_id, const struct call_row *row);

/* Puts `speakers`: who is on the first channel, and who on the second. */
void call_json_put_speakers(const struct app *app, const struct call_facts *facts,
                            struct json *json);

/* How long each of the two spoke, and nobody; NULL, which is null, where they are not told apart.
 */
struct json *call_json_talk(int64_t agent_ms, int64_t customer_ms, int64_t silence_ms);

/* Puts `duration` and `channels` of its recording, null where they are not known. */
void call_json_put_length(const struct call_facts *facts, struct json *json);

/* Puts when its recording will be deleted; null: never, or there is none. */
void call_json_put_expiry(const char *name, const struct call_facts *facts, struct json *json);

#endif
