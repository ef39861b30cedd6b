/*
 * The agents and the lines that a business's calls may be filtered by.
 */
#include "base/magic.h"
#include "calls/call_choices.h"
#include "handlers.h"
#include "http/states.h"

struct choices {
    struct magic magic;
    struct json *list;
};

static void add_agent(void *context, const char *id, const char *name)
{
    const struct choices *choices = CHECKED(choices, context);
    struct json *json = json_new();
    json_put_text(json, "agent_id", id);
    json_put_text(json, "agent_name", name);
    json_add(choices->list, json);
}

static void add_line(void *context, const char *id, const char *name)
{
    const struct choices *choices = CHECKED(choices, context);
    (void)name;
    json_add_text(choices->list, id);
}

void handle_agents(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = json_new();
    struct choices agents = {.magic = MAGIC(choices), .list = json_put_list(json, "agents")};
    states_answer_json(call_choices_agents(app, request->caller.business_id, add_agent, &agents),
                       json, response);
}

void handle_lines(const struct app *app, struct request *request, struct response *response)
{
    struct json *json = json_new();
    struct choices lines = {.magic = MAGIC(choices), .list = json_put_list(json, "lines")};
    states_answer_json(call_choices_lines(app, request->caller.business_id, add_line, &lines), json,
                       response);
}
