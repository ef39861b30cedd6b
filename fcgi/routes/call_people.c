/*
 * Who of ours took a call, and who the other party is: what a CRM tells of one.
 */
#include <string.h>

#include "base/magic.h"
#include "calls/call.h"
#include "handlers.h"
#include "http/call_json.h"
#include "http/parameter.h"
#include "http/states.h"

enum { VALUE_MAX = 200 };

static const char EXPECTED[] =
    "a JSON object of agent_id, agent_name, contact_name: each null or a "
    "text of at most 200 bytes";

static const char *const MEMBERS[CALL_PERSONS] = {[CALL_AGENT_ID] = "agent_id",
                                                  [CALL_AGENT_NAME] = "agent_name",
                                                  [CALL_CONTACT_NAME] = "contact_name"};

struct people_reading {
    struct magic magic;
    struct call_people people;
    bool good;
};

/* A text, or null; an empty text says as little. */
static void read_member(void *context, const char *key, const struct json *value)
{
    struct people_reading *reading = CHECKED(people_reading, context);
    const char *text = json_text(value);
    bool good = json_is_none(value) || (text != NULL && strlen(text) <= VALUE_MAX);
    int i = 0;
    while (i < CALL_PERSONS && strcmp(MEMBERS[i], key) != 0) {
        i++;
    }
    if (!good || i == CALL_PERSONS) {
        reading->good = false;
        return;
    }
    reading->people.sets[i] = true;
    reading->people.values[i] = text != NULL && text[0] != '\0' ? text : NULL;
}

struct people_shown {
    struct magic magic;
    const struct app *app;
    int64_t business_id;
    struct json *json;
};

static void show(void *context, const struct call_row *row)
{
    struct people_shown *showing = CHECKED(people_shown, context);
    showing->json = call_json(showing->app, showing->business_id, row);
}

void handle_call_people(const struct app *app, struct request *request, struct response *response)
{
    struct people_reading reading = {.magic = MAGIC(people_reading), .good = true};
    struct people_shown showing = {
        .magic = MAGIC(people_shown), .app = app, .business_id = request->caller.business_id};
    struct json *body = NULL;
    enum result result = request_read_json(request, &body);
    json_each(body, read_member, &reading);
    if (result == RESULT_OK && !reading.good) {
        result = RESULT_INVALID;
    }
    if (result != RESULT_OK) {
        json_free(body);
        parameter_refuse_body(result, EXPECTED, response);
        return;
    }
    result = call_set_people(app, showing.business_id, request->call_sid, &reading.people);
    json_free(body);
    if (result == RESULT_OK) {
        result = call_read(app, showing.business_id, request->caller.subject, request->call_sid,
                           show, &showing);
    }
    if (result == RESULT_NOT_FOUND) {
        response_error(response, MESSAGE_CALL_NOT_FOUND);
    } else {
        states_answer_json(result, showing.json, response);
    }
}
