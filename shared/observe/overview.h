/*
 * The state of everything, read once, for `tapedeck status` and /metrics. It takes a fixed number
 * of statements, however many businesses there are, and changes nothing.
 */
#ifndef TAPEDECK_OBSERVE_OVERVIEW_H
#define TAPEDECK_OBSERVE_OVERVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/clock.h"
#include "base/magic.h"
#include "base/text.h"
#include "calls/inbox.h"
#include "followups/server.h"
#include "runs/queue.h"
#include "speech/answer.h"
#include "storage/disk.h"

enum {
    OVERVIEW_BUSINESSES_MAX = 1000,
    OVERVIEW_SERVERS_MAX = 20,
    OVERVIEW_MODEL_SIZE = 96,
    OVERVIEW_LINES_MAX = 50, /* of pauses, of reasons, of steps, of deliveries */
    OVERVIEW_WORD_SIZE = 48,
    OVERVIEW_HOST_SIZE = 80,
    OVERVIEW_TEXT_SIZE = 160,
    OVERVIEW_SAID_SIZE = 320,
};

/* The runs of one lane. Seconds are those of whoever waits longest for a slot; 0: nobody does. */
struct overview_lane {
    int64_t active, waiting;
    int64_t resting; /* their time has not come: a retry, a paused account */
    int64_t oldest_wait_s;
};

struct overview_business {
    int64_t business_id, active, waiting; /* waiting: and resting */
    int64_t failed;                       /* within a day */
    int64_t oldest_wait_s;
};

/* An account that is paused, by its SID, or a host of ours, by its name. */
struct overview_pause {
    char name[OVERVIEW_HOST_SIZE];
    bool host;
    char code[OVERVIEW_WORD_SIZE];
    int64_t left_s;
};

struct overview_reason {
    char code[OVERVIEW_WORD_SIZE];
    char text[OVERVIEW_TEXT_SIZE]; /* the newest one's sentence */
    char last_at[CLOCK_ISO_SIZE];
    int64_t count;
};

/* So many steps of a kind, or deliveries (`kind` is ""), are in a state, for this reason or "". */
struct overview_count {
    char kind[OVERVIEW_WORD_SIZE], status[OVERVIEW_WORD_SIZE], code[OVERVIEW_WORD_SIZE];
    int64_t count;
};

/* A speech or chat server that refused us within a day, and has not answered since. */
struct overview_server {
    char host[SERVER_HOST_SIZE], model[OVERVIEW_MODEL_SIZE], said[ANSWER_SAID_SIZE];
    int64_t status, ago_s;
};

/* A webhook that rests, as it failed again and again. */
struct overview_rest {
    char host[OVERVIEW_HOST_SIZE], code[OVERVIEW_WORD_SIZE];
    int64_t business_id, failures, left_s;
};

struct overview_counts {
    struct overview_count lines[OVERVIEW_LINES_MAX];
    size_t count;
};

struct overview {
    struct magic magic;
    int64_t at; /* seconds since 1970 */
    struct disk_facts disk;
    bool redis;                 /* it answers; else `runner_seen_ms` says nothing */
    const char *redis_words;    /* "ok", or what is wrong; app's */
    int64_t runner_seen_ms;     /* how long ago; -1: not lately */
    bool database;              /* it can be worked with; else nothing below is filled in */
    const char *database_words; /* "ok", or what is wrong */
    char database_said[OVERVIEW_SAID_SIZE]; /* and what PostgreSQL says of it; for operators */
    struct overview_lane lanes[LANE_LATER + 1];
    struct overview_business businesses[OVERVIEW_BUSINESSES_MAX]; /* busiest first */
    size_t business_count;
    int64_t businesses_total; /* with work, or failures within a day */
    struct overview_pause pauses[OVERVIEW_LINES_MAX];
    size_t pause_count;
    struct overview_reason reasons[OVERVIEW_LINES_MAX]; /* of failures within a day */
    size_t reason_count;
    struct overview_counts steps, deliveries;
    struct overview_rest rests[OVERVIEW_LINES_MAX];
    size_t rest_count;
    struct overview_server servers[OVERVIEW_SERVERS_MAX];
    size_t server_count;
    struct inbox_counts inbox;
    int64_t breakers_open; /* calls left alone, as they failed too often */
};

/* Fills it in as far as servers answer; of businesses at most `limit`, none for 0. The caller frees
 * it with free(); NULL without memory. */
struct overview *overview_read(const struct app *app, int64_t limit);

const struct pg_statement *overview_statements(void);

#endif
