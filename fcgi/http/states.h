/*
 * A recording's state as an answer. Only here do states become HTTP statuses, codes and messages.
 */
#ifndef TAPEDECK_FCGI_HTTP_STATES_H
#define TAPEDECK_FCGI_HTTP_STATES_H

#include "app.h"
#include "recordings/service.h"
#include "request.h"
#include "response.h"

/* Answers for every state but READY: 202 with how far it is, or the error that says why not. */
void states_answer(const struct look *look, struct response *response);

/* A play link as it is told: its whole address, and until when it works. */
struct states_link {
    const char *url;
    int64_t expires; /* seconds since 1970 */
};

/* The same for prepare and status, whose 202 says more: run_id, playable, play_url. `link` is NULL
 * where nothing may be played yet. */
void states_answer_prepare(const struct app *app, const struct look *look,
                           const struct states_link *link, struct response *response);

/* Puts a state under two names. `status` is the older: its word for what nobody has asked for is
 * "absent", which reads as if there were no recording. `state` says "not_fetched". */
void states_put_words(const char *status, const char *state, enum recording_state of,
                      struct json *json);

/* Puts play_url and expires_at; NULL: both null. */
void states_put_link(const struct states_link *link, struct json *json);

/* 200 and `json`; or, where a look failed, what that becomes. Takes ownership of `json`. */
void states_answer_json(enum result result, struct json *json, struct response *response);

/* What RESULT_UNAVAILABLE and other failures of a look become. */
void states_answer_failure(enum result result, struct response *response);

#endif
