/*
 * tapedeck status
 *
 * How things are, for a person: each server, the runner, the lines of each business, what failed.
 */
#include <stdio.h>

#include "commands.h"
#include "options.h"
#include "recordings/account.h"
#include "recordings/delivery.h"
#include "recordings/file.h"
#include "recordings/history.h"
#include "recordings/inbox.h"
#include "recordings/queue.h"
#include "recordings/step.h"

static void print_business(void *context, const struct history_summary *s)
{
    bool *any = context;
    if (!*any) {
        printf("\n%12s %8s %8s %8s %12s\n", "business", "active", "waiting", "failed",
               "oldest wait");
        *any = true;
    }
    printf("%12lld %8lld %8lld %8lld %11llds\n", (long long)s->business_id, (long long)s->running,
           (long long)s->queued, (long long)s->failed_today, (long long)s->oldest_wait_s);
}

static void print_reason(void *context, const char *code, int64_t count)
{
    bool *any = context;
    if (!*any) {
        printf("\nfailed within a day, by reason\n");
        *any = true;
    }
    printf("%12lld %s\n", (long long)count, code != NULL ? code : "unknown");
}

static void print_step(void *context, const struct step_count *one)
{
    bool *any = context;
    if (!*any) {
        printf("\nafter the recording: steps that wait, run, or were skipped or failed within a "
               "day\n");
        *any = true;
    }
    printf("%12lld %s %s%s%s\n", (long long)one->count, one->step, one->status,
           one->error_code != NULL ? ": " : "", one->error_code != NULL ? one->error_code : "");
}

static void print_delivery(void *context, const char *status, const char *code, int64_t count)
{
    bool *any = context;
    if (!*any) {
        printf("\nwebhooks that wait, or failed within a day\n");
        *any = true;
    }
    printf("%12lld %s%s%s\n", (long long)count, status, code != NULL ? ": " : "",
           code != NULL ? code : "");
}

static enum result print_steps(const struct app *app)
{
    bool steps = false, deliveries = false;
    enum result result = step_each_count(app, print_step, &steps);
    return result == RESULT_OK ? delivery_each_count(app, print_delivery, &deliveries) : result;
}

static void print_pause(void *context, const char *account_sid, const char *code, int64_t left_s)
{
    (void)context;
    printf("%-12s %s rests for %llds: %s\n", "account", account_sid, (long long)left_s,
           code != NULL ? code : "unknown");
}

static bool print_database(const struct app *app)
{
    int64_t waiting = 0;
    bool businesses = false, reasons = false;
    enum result result = inbox_count(app, &waiting);
    printf("%-12s %s\n", "database", result == RESULT_OK ? "ok" : "not reachable");
    if (result != RESULT_OK) {
        return false;
    }
    printf("%-12s %lld callbacks wait for their call\n", "inbox", (long long)waiting);
    (void)account_each_paused(app, print_pause, NULL);
    result = history_each_business(app, print_business, &businesses);
    if (!businesses) {
        printf("\nnothing is being fetched, nothing waits\n");
    }
    return result == RESULT_OK && print_steps(app) == RESULT_OK &&
           history_each_reason(app, print_reason, &reasons) == RESULT_OK;
}

static void print_runner(const struct app *app)
{
    int64_t seen_ms = -1;
    if (queue_runner_seen(app, &seen_ms) != RESULT_OK) {
        printf("%-12s not reachable\n%-12s unknown\n", "redis", "runner");
    } else if (seen_ms < 0) {
        printf("%-12s ok\n%-12s none seen; is the drain timer running?\n", "redis", "runner");
    } else {
        printf("%-12s ok\n%-12s seen %llds ago\n", "redis", "runner", (long long)seen_ms / 1000);
    }
}

int command_status(const struct app *app, int argc, char **argv)
{
    static const struct option_spec NONE[] = {{NULL, NULL, NULL}};
    if (!options_read(NONE, argc, argv)) {
        return EXIT_USAGE;
    }
    bool disk = file_dir_check(app->config) == RESULT_OK;
    print_runner(app);
    printf("%-12s %s\n", "disk", disk ? "ok" : "RECORDINGS_DIR cannot be written to");
    bool database = print_database(app);
    return database && disk ? EXIT_DONE : EXIT_NOT_DONE;
}
