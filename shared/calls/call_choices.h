/*
 * What a business's calls may be filtered by: the agents and the lines that they have.
 */
#ifndef TAPEDECK_CALLS_CALL_CHOICES_H
#define TAPEDECK_CALLS_CALL_CHOICES_H

#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/pg.h"

/* `name` is NULL where there is none. Texts live only while the visitor runs. */
typedef void call_choice_visitor(void *context, const char *id, const char *name);

/* Visits the first 200 by their id; an agent has the name of his newest call. */
enum result call_choices_agents(const struct app *app, int64_t business_id,
                                call_choice_visitor *visit, void *context);

/* Our own numbers, which have no names. */
enum result call_choices_lines(const struct app *app, int64_t business_id,
                               call_choice_visitor *visit, void *context);

const struct pg_statement *call_choices_statements(void);

#endif
