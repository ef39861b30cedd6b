#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recordings/service.h"
#include "scratch.h"

#define SID "CA0123456789abcdef0123456789abcdef"
#define PARENT "CAfedcba9876543210fedcba9876543210"

#define WHOLE "a whole file."
#define CLAIMS_40 "RIFF\x20\0\0\0WAVEabcdefgh"

enum { GRACE = 60000, BREAKER = 3, BUSINESS = 7 };

static const struct config LIMITS = {.runner_grace = GRACE, .breaker_failures = BREAKER};

/* ---- the rule ---- */

/* A call of which every later answer would hold, too: so an answer shows that it comes first. */
static const struct call_facts ALL = {
    .has_url = true,
    .deleted = true,
    .absent = true,
    .activity = RUN_RUNNING,
    .waited_ms = 10 * GRACE,
    .failures = BREAKER,
    .breaker_left_ms = 1,
};

static enum recording_state decide(const struct call_facts *facts,
                                   const struct queue_progress *progress)
{
    return service_decide(&LIMITS, false, facts, progress);
}

static void test_ready_comes_first(void **state)
{
    (void)state;
    const struct queue_progress waits = {.position = 3, .runner_seen_ms = -1};
    struct call_facts kept = ALL;
    kept.deleted = false;
    assert_int_equal(service_decide(&LIMITS, true, &kept, &waits), STATE_READY);
    assert_int_equal(service_decide(&LIMITS, true, &kept, NULL), STATE_READY);
}

/* Somebody's business, or nobody's any more: the file that is still here does not count. */
static void test_what_the_database_says_goes_before_a_file(void **state)
{
    (void)state;
    assert_int_equal(service_decide(&LIMITS, true, NULL, NULL), STATE_NO_CALL);
    assert_int_equal(service_decide(&LIMITS, true, &ALL, NULL), STATE_EXPIRED);
}

static void test_no_call(void **state)
{
    (void)state;
    const struct queue_progress waits = {.position = 3, .runner_seen_ms = -1};
    assert_int_equal(decide(NULL, NULL), STATE_NO_CALL);
    assert_int_equal(decide(NULL, &waits), STATE_NO_CALL);
}

/* Each step takes away what decided, and the next in line decides. */
static void test_the_order(void **state)
{
    (void)state;
    struct call_facts facts = ALL;
    assert_int_equal(decide(&facts, NULL), STATE_EXPIRED);
    facts.deleted = false;
    assert_int_equal(decide(&facts, NULL), STATE_UNAVAILABLE);
    facts.absent = false;
    facts.has_url = false;
    assert_int_equal(decide(&facts, NULL), STATE_NO_RECORDING);
    facts.has_url = true;
    assert_int_equal(decide(&facts, NULL), STATE_PROCESSING);
    facts.activity = RUN_QUEUED;
    assert_int_equal(decide(&facts, NULL), STATE_QUEUED);
    facts.activity = RUN_NONE;
    facts.being_stored = true;
    assert_int_equal(decide(&facts, NULL), STATE_PROCESSING);
    facts.being_stored = false;
    assert_int_equal(decide(&facts, NULL), STATE_FAILED);
    facts.failures = 0;
    assert_int_equal(decide(&facts, NULL), STATE_ABSENT);
}

static void test_the_end_is_told_without_a_url(void **state)
{
    (void)state;
    const struct call_facts expired = {.deleted = true}, absent = {.absent = true}, bare = {0};
    assert_int_equal(decide(&expired, NULL), STATE_EXPIRED);
    assert_int_equal(decide(&absent, NULL), STATE_UNAVAILABLE);
    assert_int_equal(decide(&bare, NULL), STATE_NO_RECORDING);
}

enum { NO_REDIS = -9, NEVER = -1 };

static void test_active_runs(void **state)
{
    (void)state;
    static const struct {
        enum run_activity activity;
        int64_t waited;
        int64_t position; /* NO_REDIS: it did not answer */
        int64_t seen;     /* how long ago a runner was seen */
        enum recording_state expected;
    } cases[] = {
        /* PostgreSQL says running: so it is, whatever Redis says, however long */
        {RUN_RUNNING, 0, NO_REDIS, 0, STATE_PROCESSING},
        {RUN_RUNNING, 10 * GRACE, NO_REDIS, 0, STATE_PROCESSING},
        {RUN_RUNNING, 0, QUEUE_IN_SLOT, 0, STATE_PROCESSING},
        {RUN_RUNNING, 0, QUEUE_NOWHERE, NEVER, STATE_PROCESSING},
        {RUN_RUNNING, 0, 3, NEVER, STATE_PROCESSING},
        {RUN_RUNNING, 10 * GRACE, QUEUE_NOWHERE, NEVER, STATE_PROCESSING},
        {RUN_RUNNING, 10 * GRACE, QUEUE_IN_SLOT, NEVER, STATE_PROCESSING},
        /* queued, and Redis does not answer: no guess about runners */
        {RUN_QUEUED, 0, NO_REDIS, 0, STATE_QUEUED},
        {RUN_QUEUED, 10 * GRACE, NO_REDIS, 0, STATE_QUEUED},
        /* queued, within the grace */
        {RUN_QUEUED, 0, QUEUE_IN_SLOT, NEVER, STATE_PROCESSING},
        {RUN_QUEUED, GRACE - 1, QUEUE_IN_SLOT, NEVER, STATE_PROCESSING},
        {RUN_QUEUED, 0, 1, NEVER, STATE_QUEUED},
        {RUN_QUEUED, 0, 3, NEVER, STATE_QUEUED},
        {RUN_QUEUED, GRACE - 1, QUEUE_NOWHERE, NEVER, STATE_QUEUED},
        {RUN_QUEUED, GRACE - 1, 1, NEVER, STATE_QUEUED},
        /* the grace is over, and nobody was seen since it began to wait */
        {RUN_QUEUED, GRACE, 1, NEVER, STATE_OFFLINE},
        {RUN_QUEUED, GRACE, QUEUE_NOWHERE, NEVER, STATE_OFFLINE},
        {RUN_QUEUED, GRACE, QUEUE_IN_SLOT, NEVER, STATE_OFFLINE},
        {RUN_QUEUED, 10 * GRACE, 1, NEVER, STATE_OFFLINE},
        {RUN_QUEUED, GRACE, 1, GRACE + 1, STATE_OFFLINE},
        {RUN_QUEUED, 2 * GRACE, QUEUE_IN_SLOT, 2 * GRACE + 1, STATE_OFFLINE},
        /* the grace is over, and somebody was */
        {RUN_QUEUED, GRACE, 1, 0, STATE_QUEUED},
        {RUN_QUEUED, GRACE, 1, GRACE, STATE_QUEUED},
        {RUN_QUEUED, 10 * GRACE, QUEUE_NOWHERE, 9 * GRACE, STATE_QUEUED},
        {RUN_QUEUED, 10 * GRACE, QUEUE_IN_SLOT, 1, STATE_PROCESSING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct call_facts facts = {
            .has_url = true, .activity = cases[i].activity, .waited_ms = cases[i].waited};
        const struct queue_progress progress = {.position = cases[i].position,
                                                .runner_seen_ms = cases[i].seen};
        bool redis = cases[i].position != NO_REDIS;
        enum recording_state got = decide(&facts, redis ? &progress : NULL);
        if (got != cases[i].expected) {
            print_error("case %zu: %s\n", i, service_state_name(got));
        }
        assert_int_equal(got, cases[i].expected);
    }
}

/* Its runners died again and again: nobody may take it up just now, whatever Redis says. */
static void test_a_run_that_is_stuck(void **state)
{
    (void)state;
    static const struct queue_progress SEEN[] = {
        {.position = QUEUE_IN_SLOT, .runner_seen_ms = 0},
        {.position = QUEUE_NOWHERE, .runner_seen_ms = 0},
        {.position = 1, .runner_seen_ms = -1},
    };
    struct call_facts facts = {.has_url = true, .activity = RUN_RUNNING, .stuck = true};
    assert_int_equal(decide(&facts, NULL), STATE_OFFLINE);
    for (size_t i = 0; i < sizeof SEEN / sizeof SEEN[0]; i++) {
        assert_int_equal(decide(&facts, &SEEN[i]), STATE_OFFLINE);
    }
    facts.failures = BREAKER; /* the run is kept, so it is not the breaker that speaks */
    facts.breaker_left_ms = 1;
    assert_int_equal(decide(&facts, NULL), STATE_OFFLINE);
    facts.deleted = true;
    assert_int_equal(decide(&facts, NULL), STATE_EXPIRED);
    assert_int_equal(service_decide(&LIMITS, true, &facts, NULL), STATE_EXPIRED);
    facts = (struct call_facts){.has_url = true, .activity = RUN_RUNNING};
    assert_int_equal(decide(&facts, NULL), STATE_PROCESSING);
}

/* An active run has its chance, however often others failed before it. */
static void test_activity_goes_before_the_breaker(void **state)
{
    (void)state;
    struct call_facts facts = {.has_url = true, .failures = 99, .breaker_left_ms = 99};
    facts.activity = RUN_QUEUED;
    assert_int_equal(decide(&facts, NULL), STATE_QUEUED);
    facts.activity = RUN_RUNNING;
    assert_int_equal(decide(&facts, NULL), STATE_PROCESSING);
}

static void test_the_breaker(void **state)
{
    (void)state;
    static const struct {
        int64_t failures, left;
        enum recording_state expected;
    } cases[] = {
        {0, 0, STATE_ABSENT},
        {0, 1, STATE_ABSENT},
        {BREAKER - 1, 1, STATE_ABSENT},
        {BREAKER, 1, STATE_FAILED},
        {BREAKER, 3600000, STATE_FAILED},
        {BREAKER + 1, 1, STATE_FAILED},
        {BREAKER, 0, STATE_ABSENT},
        {BREAKER, -1, STATE_ABSENT},
        {99, -3600000, STATE_ABSENT},
    };
    const struct queue_progress idle = {.position = QUEUE_NOWHERE, .runner_seen_ms = -1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct call_facts facts = {.has_url = true,
                                         .failures = cases[i].failures,
                                         .breaker_left_ms = cases[i].left,
                                         .waited_ms = 10 * GRACE};
        assert_int_equal(decide(&facts, NULL), cases[i].expected);
        assert_int_equal(decide(&facts, &idle), cases[i].expected);
    }
}

static void test_the_limits_are_the_configured_ones(void **state)
{
    (void)state;
    const struct config strict = {.runner_grace = 5, .breaker_failures = 1};
    const struct queue_progress unseen = {.position = 1, .runner_seen_ms = -1};
    const struct call_facts waits = {.has_url = true, .activity = RUN_QUEUED, .waited_ms = 5};
    const struct call_facts failed = {.has_url = true, .failures = 1, .breaker_left_ms = 1};
    assert_int_equal(service_decide(&strict, false, &waits, &unseen), STATE_OFFLINE);
    assert_int_equal(service_decide(&strict, false, &failed, NULL), STATE_FAILED);
    assert_int_equal(decide(&waits, &unseen), STATE_QUEUED);
    assert_int_equal(decide(&failed, NULL), STATE_ABSENT);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(service_state_name(STATE_READY), "ready");
    assert_string_equal(service_state_name(STATE_PROCESSING), "processing");
    assert_string_equal(service_state_name(STATE_QUEUED), "queued");
    for (int a = STATE_READY; a <= STATE_ABSENT; a++) {
        assert_non_null(service_state_name((enum recording_state)a));
        for (int b = STATE_READY; b < a; b++) {
            assert_string_not_equal(service_state_name((enum recording_state)a),
                                    service_state_name((enum recording_state)b));
        }
    }
}

/* ---- looking, with neither PostgreSQL nor Redis ---- */

struct world {
    char dir[SCRATCH_SIZE];
    struct config config;
    struct app app;
};

static int make_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    *state = world;
    if (world == NULL || !scratch_make(world->dir) || !scratch_folder(world->dir, "7")) {
        return -1;
    }
    world->config = (struct config){.recordings_dir = world->dir,
                                    .runner_grace = GRACE,
                                    .breaker_failures = BREAKER,
                                    .retry_after = 2000,
                                    .retry_after_recovery = 5000};
    world->app = (struct app){.config = &world->config,
                              .pg = pg_new("postgresql:///none?host=/nonexistent", 1000),
                              .redis = redis_new("unix:///nonexistent/redis.sock", 1000)};
    return world->app.pg != NULL && world->app.redis != NULL ? 0 : -1;
}

static int end_world(void **state)
{
    struct world *world = *state;
    bool removed = scratch_remove(world->dir);
    pg_free(world->app.pg);
    redis_free(world->app.redis);
    free(world);
    return removed ? 0 : -1;
}

static struct call_facts facts_of(const char *source)
{
    struct call_facts facts = {
        .has_url = true, .duration = -1, .channels = -1, .bytes_received = -1, .bytes_total = -1};
    (void)snprintf(facts.call_sid, sizeof facts.call_sid, "%s", SID);
    (void)snprintf(facts.source_sid, sizeof facts.source_sid, "%s", source);
    return facts;
}

static struct look look_row(const struct world *world, const struct call_facts *facts)
{
    struct look look;
    service_look_row(&world->app, BUSINESS, facts, &look);
    assert_true(look.has_facts);
    return look;
}

static void test_a_file_is_enough(void **state)
{
    struct world *world = *state;
    struct look look;
    assert_true(scratch_file(world->dir, "7/" SID ".wav", WHOLE, 13));
    assert_int_equal(service_look(&world->app, BUSINESS, SID, &look), RESULT_OK);
    assert_int_equal(look.state, STATE_READY);
    assert_string_equal(look.file_sid, SID);
    assert_int_equal(look.file.size, 13);
    assert_int_equal(look.file.kind, AUDIO_WAV);
    assert_false(look.has_facts);
    assert_int_equal(service_request(&world->app, BUSINESS, SID, &look), RESULT_OK);
    assert_int_equal(look.state, STATE_READY);
}

static void test_without_a_file_the_database_is_asked(void **state)
{
    struct world *world = *state;
    struct look look;
    assert_true(scratch_file(world->dir, "7/" SID ".wav", "12345", 5));
    assert_int_equal(service_look(&world->app, 8, SID, &look), RESULT_UNAVAILABLE);
    assert_int_equal(service_look(&world->app, BUSINESS, PARENT, &look), RESULT_UNAVAILABLE);
    assert_int_equal(service_request(&world->app, BUSINESS, PARENT, &look), RESULT_UNAVAILABLE);
}

static void test_row_of_a_ready_call(void **state)
{
    struct world *world = *state;
    struct call_facts facts = facts_of(SID);
    facts.absent = true; /* the file here decides all the same */
    assert_true(scratch_file(world->dir, "7/" SID ".mp3", WHOLE, 12));
    struct look look = look_row(world, &facts);
    assert_int_equal(look.state, STATE_READY);
    assert_string_equal(look.file_sid, SID);
    assert_int_equal(look.file.kind, AUDIO_MP3);
}

static void test_row_played_by_its_parents_file(void **state)
{
    struct world *world = *state;
    struct call_facts facts = facts_of(PARENT);
    assert_int_equal(look_row(world, &facts).state, STATE_ABSENT);
    assert_true(scratch_file(world->dir, "7/" PARENT ".wav", WHOLE, 12));
    struct look look = look_row(world, &facts);
    assert_int_equal(look.state, STATE_READY);
    assert_string_equal(look.file_sid, PARENT);
    assert_true(scratch_file(world->dir, "7/" SID ".wav", WHOLE, 13));
    look = look_row(world, &facts); /* its own goes first */
    assert_string_equal(look.file_sid, SID);
    assert_int_equal(look.file.size, 13);
}

/* What is known of it, by PostgreSQL or by itself, decides whether it is all there. */
static void test_row_of_a_file_that_is_not_whole(void **state)
{
    struct world *world = *state;
    struct call_facts facts = facts_of(SID);
    struct look look;
    assert_true(scratch_file(world->dir, "7/" SID ".wav", CLAIMS_40, 14));
    assert_int_equal(look_row(world, &facts).state, STATE_ABSENT);
    assert_int_equal(service_look(&world->app, BUSINESS, SID, &look), RESULT_UNAVAILABLE);
    facts.stored_bytes = 14; /* it never had more */
    assert_int_equal(look_row(world, &facts).state, STATE_READY);
}

static void test_a_link_ends_with_its_recording(void **state)
{
    (void)state;
    static const struct config CONFIG = {.play_link_ttl = 3600000};
    struct look look = {.facts = {.ends_in_s = 60}};
    assert_int_equal(service_link_ttl_s(&CONFIG, &look), 3600);
    look.has_facts = true;
    assert_int_equal(service_link_ttl_s(&CONFIG, &look), 60);
}

static void test_row_without_redis(void **state)
{
    struct world *world = *state;
    struct call_facts facts = facts_of(SID);
    facts.activity = RUN_QUEUED;
    facts.waited_ms = 10 * GRACE;
    facts.bytes_received = 10;
    facts.bytes_total = 100;
    struct look look = look_row(world, &facts);
    assert_int_equal(look.state, STATE_QUEUED);
    assert_false(look.has_progress);
    assert_int_equal(look.position, 0);
    assert_int_equal(look.bytes_received, 10); /* what the last heartbeat said */
    assert_int_equal(look.bytes_total, 100);
}

static void test_retry_after(void **state)
{
    struct world *world = *state;
    struct call_facts facts = facts_of(SID);
    facts.activity = RUN_RUNNING;
    assert_int_equal(look_row(world, &facts).retry_after_s, 2);
    facts.recovered_lately = true;
    assert_int_equal(look_row(world, &facts).retry_after_s, 5);
    world->config.retry_after_recovery = 5001;
    assert_int_equal(look_row(world, &facts).retry_after_s, 6); /* never too early */
    world->config.retry_after_recovery = 1;
    assert_int_equal(look_row(world, &facts).retry_after_s, 1);
}

static void test_retry_after_the_breaker_closes(void **state)
{
    static const struct {
        int64_t left_ms, seconds;
    } cases[] = {{1, 1}, {999, 1}, {1000, 1}, {1001, 2}, {3600000, 3600}};
    struct call_facts facts = facts_of(SID);
    facts.failures = BREAKER;
    facts.recovered_lately = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facts.breaker_left_ms = cases[i].left_ms;
        struct look look = look_row(*state, &facts);
        assert_int_equal(look.state, STATE_FAILED);
        assert_int_equal(look.retry_after_s, cases[i].seconds);
    }
}

/* A stuck run is told to wait as after a recovery, never for nothing. */
static void test_retry_after_of_a_stuck_run(void **state)
{
    struct call_facts facts = facts_of(SID);
    facts.activity = RUN_RUNNING;
    facts.stuck = facts.recovered_lately = true;
    struct look look = look_row(*state, &facts);
    assert_int_equal(look.state, STATE_OFFLINE);
    assert_int_equal(look.retry_after_s, 5);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

/* ---- before the last byte ---- */

static void test_playable(void **state)
{
    (void)state;
    enum { ENOUGH = SERVICE_PLAYABLE_BYTES };
    static const struct config CONFIG = {.min_recording_bytes = 1001};
    static const struct {
        struct queue_progress progress;
        bool playable;
    } cases[] = {
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = ENOUGH, .bytes_total = 1 << 20},
         true},
        {{.kind = AUDIO_MP3, .stamp_ns = 1, .bytes_received = ENOUGH, .bytes_total = 1 << 20},
         true},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = ENOUGH - 1, .bytes_total = 1 << 20},
         false},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = ENOUGH, .bytes_total = -1}, false},
        {{.kind = AUDIO_WAV, .stamp_ns = 0, .bytes_received = ENOUGH, .bytes_total = 1 << 20},
         false},
        {{.kind = AUDIO_UNKNOWN, .stamp_ns = 1, .bytes_received = ENOUGH, .bytes_total = 1 << 20},
         false},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = 2000, .bytes_total = 2000}, true},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = 1999, .bytes_total = 2000}, false},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = 1001, .bytes_total = 1001}, true},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = 1000, .bytes_total = 1000}, false},
        {{.kind = AUDIO_WAV, .stamp_ns = 1, .bytes_received = -1, .bytes_total = -1}, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(service_is_playable(&CONFIG, &cases[i].progress), cases[i].playable);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready_comes_first),
        cmocka_unit_test(test_what_the_database_says_goes_before_a_file),
        cmocka_unit_test(test_no_call),
        cmocka_unit_test(test_the_order),
        cmocka_unit_test(test_the_end_is_told_without_a_url),
        cmocka_unit_test(test_active_runs),
        cmocka_unit_test(test_a_run_that_is_stuck),
        cmocka_unit_test(test_activity_goes_before_the_breaker),
        cmocka_unit_test(test_the_breaker),
        cmocka_unit_test(test_the_limits_are_the_configured_ones),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_playable),
        world_test(test_a_file_is_enough),
        world_test(test_without_a_file_the_database_is_asked),
        world_test(test_row_of_a_ready_call),
        world_test(test_row_played_by_its_parents_file),
        world_test(test_row_of_a_file_that_is_not_whole),
        cmocka_unit_test(test_a_link_ends_with_its_recording),
        world_test(test_row_without_redis),
        world_test(test_retry_after),
        world_test(test_retry_after_the_breaker_closes),
        world_test(test_retry_after_of_a_stuck_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
