/*
 * tapedeck inbox [--json] [--limit N]
 * tapedeck inbox --again
 *
 * The callbacks that could not be used, and those that wait for their call: when they came, from
 * which account, of what they tell, why they are here, and whose they are. Nothing of their forms.
 * With --again those that could not be used are taken up again, after an upgrade say, or once
 * somebody has said whose a number is.
 */
#include <stdio.h>

#include "base/magic.h"
#include "base/text.h"
#include "calls/inbox.h"
#include "clients/json.h"
#include "commands.h"
#include "options.h"
#include "recordings/intake.h"

enum { LIMIT = 100, LIMIT_MAX = 100000, LINE_MAX_BYTES = 4096, WHOSE_SIZE = 32 };

struct listed {
    struct magic magic;
    bool json;
    int64_t count;
};

static const char *known(const char *text)
{
    return text != NULL ? text : "-";
}

static void print_json(const struct inbox_line *line)
{
    struct buf out;
    struct json *json = json_new();
    json_put_text(json, "received_at", line->received_at);
    json_put_text(json, "account_sid", line->account_sid);
    json_put_text(json, "kind", line->kind);
    json_put_text(json, "call_sid", line->call_sid);
    json_put_text(json, "recording_sid", line->recording_sid);
    json_put_text(json, "reason", line->reason);
    if (line->business_id > 0) {
        json_put_int(json, "business_id", line->business_id);
    } else {
        json_put_null(json, "business_id");
    }
    buf_init(&out, LINE_MAX_BYTES);
    (void)json_print(json, &out);
    puts(buf_str(&out));
    buf_free(&out);
    json_free(json);
}

static void print_line(void *context, const struct inbox_line *line)
{
    char whose[WHOSE_SIZE] = "-";
    struct listed *listed = CHECKED(listed, context);
    if (listed->json) {
        print_json(line);
        return;
    }
    if (listed->count == 0) {
        printf("%-30s %-34s %-10s %-34s %-34s %-18s %s\n", "received", "account", "tells of",
               "call", "recording", "why", "business");
    }
    listed->count++;
    if (line->business_id > 0) {
        (void)snprintf(whose, sizeof whose, "%lld", (long long)line->business_id);
    }
    printf("%-30s %-34s %-10s %-34s %-34s %-18s %s\n", line->received_at, line->account_sid,
           line->kind, known(line->call_sid), known(line->recording_sid), line->reason, whose);
}

static int show(const struct app *app, bool json, int64_t limit)
{
    struct listed listed = {.magic = MAGIC(listed), .json = json};
    struct inbox_counts counts;
    if (inbox_each_line(app, limit, print_line, &listed) != RESULT_OK ||
        inbox_count(app, &counts) != RESULT_OK) {
        fprintf(stderr, "tapedeck: inbox: PostgreSQL did not answer\n");
        return EXIT_NOT_DONE;
    }
    int64_t more = counts.unused + counts.waiting - listed.count;
    if (!json && listed.count == 0) {
        puts("the inbox is empty");
    } else if (!json && more > 0) {
        printf("and %lld more: --limit\n", (long long)more);
    }
    return EXIT_DONE;
}

static int take_again(const struct app *app)
{
    struct intake_counts counts;
    enum result result = intake_again(app, &counts);
    printf("%lld were used, %lld could not be\n", (long long)counts.used, (long long)counts.left);
    if (result != RESULT_OK) {
        fprintf(stderr, "tapedeck: inbox: PostgreSQL did not answer; the rest was not looked at\n");
    }
    return result == RESULT_OK ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_inbox(const struct app *app, int argc, char **argv)
{
    bool json = false, again = false;
    const char *said = NULL;
    int64_t limit = LIMIT;
    const struct option_spec specs[] = {{"--json", NULL, &json},
                                        {"--again", NULL, &again},
                                        {"--limit", &said, NULL},
                                        {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (said != NULL && !text_int(said, 1, LIMIT_MAX, &limit)) {
        fprintf(stderr, "tapedeck: inbox: --limit must be a number from 1 to %d\n", LIMIT_MAX);
        return EXIT_USAGE;
    }
    if (again && (json || said != NULL)) {
        fprintf(stderr, "tapedeck: inbox: --again goes alone\n");
        return EXIT_USAGE;
    }
    return again ? take_again(app) : show(app, json, limit);
}
