/*
 * tapedeck transcribe --call SID [--again] | --business N --since DAY [--watch]
 *
 * Has a call transcribed, summarised and told of: those of its recordings that were not, or failed;
 * with --again all of them. Or one recording. It is done by the next runner. A recording that is
 * not here is fetched first. Of a business: what failed, or was not configured, since that day;
 * with --watch, shows how far it is until all is done.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "calls/call.h"
#include "calls/recording.h"
#include "calls/transcript.h"
#include "commands.h"
#include "followups/server.h"
#include "followups/step.h"
#include "options.h"
#include "recordings/service.h"
#include "storage/file.h"
#include "watch.h"

static int complain(const char *why)
{
    fprintf(stderr, "tapedeck: transcribe: %s\n", why);
    return EXIT_NOT_DONE;
}

/* How many of its recordings will be transcribed, and are not here yet. */
struct begun {
    int64_t count, asked_for;
};

static enum result begin(const struct app *app, int64_t business_id, const char *name, bool again,
                         struct begun *begun)
{
    struct look look;
    struct transcript_facts facts;
    enum result result = transcript_facts(app, business_id, name, &facts);
    if (result != RESULT_OK || (facts.is_transcribed && !again)) {
        return result;
    }
    result = step_redo(app, business_id, name, again);
    if (result == RESULT_OK) {
        result = service_request(app, business_id, name, &look);
    }
    if (result == RESULT_OK) {
        begun->count++;
        begun->asked_for += look.state != STATE_READY;
    }
    return result;
}

/* Each of its recordings; a call that has none of its own is one that waits for it. */
static enum result begin_all(const struct app *app, const char *sid, bool again,
                             struct begun *begun)
{
    char names[RECORDING_EACH_MAX][SID_SIZE];
    size_t count;
    int64_t business_id;
    enum result result = call_business(app, sid, &business_id);
    if (result == RESULT_OK) {
        result = recording_names(app, business_id, sid, names, &count);
    }
    if (result == RESULT_OK && count == 0) {
        (void)snprintf(names[count++], SID_SIZE, "%s", sid);
    }
    for (size_t i = 0; result == RESULT_OK && i < count; i++) {
        result = begin(app, business_id, names[i], again, begun);
    }
    return result;
}

static void tell(const struct begun *begun)
{
    if (begun->count == 0) {
        puts("it is transcribed already; --again does it once more");
    } else if (begun->count > 1) {
        printf("%lld recordings will be transcribed%s\n", (long long)begun->count,
               begun->asked_for > 0 ? ", as soon as they are here" : "");
    } else {
        puts(begun->asked_for == 0 ? "it will be transcribed"
                                   : "the recording is asked for, and will be transcribed");
    }
}

static int redo_failed(const struct app *app, const char *business, const char *since, bool watch)
{
    int64_t business_id, day, count = 0;
    if (business == NULL || !text_int(business, 1, INT64_MAX, &business_id) || since == NULL ||
        !clock_parse_day(since, &day)) {
        (void)complain("--business is a number, 1 or more, and --since a day, like 2026-11-20");
        return EXIT_USAGE;
    }
    if (server_resume(app) != RESULT_OK ||
        step_redo_failed(app, business_id, day, &count) != RESULT_OK) {
        return complain("PostgreSQL did not answer; nothing is lost, try again");
    }
    printf("%lld steps are due again; tapedeck status shows how many are left\n", (long long)count);
    return watch ? watch_business(app, business_id) : EXIT_DONE;
}

static int redo_call(const struct app *app, const char *call, bool again)
{
    struct begun begun = {0};
    if (!text_is_recording(call)) {
        (void)complain("--call must be a call's SID, CA and 32 hex digits");
        return EXIT_USAGE;
    }
    enum result result = begin_all(app, call, again, &begun);
    if (result == RESULT_NOT_FOUND) {
        return complain("there is no such call");
    }
    if (result != RESULT_OK) {
        return complain("PostgreSQL did not answer; nothing is lost, try again");
    }
    tell(&begun);
    return EXIT_DONE;
}

int command_transcribe(const struct app *app, int argc, char **argv)
{
    const char *call = NULL, *business = NULL, *since = NULL;
    bool again = false, watch = false;
    const struct option_spec specs[] = {{"--call", &call, NULL},         {"--again", NULL, &again},
                                        {"--business", &business, NULL}, {"--since", &since, NULL},
                                        {"--watch", NULL, &watch},       {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if ((call == NULL) == (business == NULL) || (call != NULL && (since != NULL || watch)) ||
        (business != NULL && again)) {
        (void)complain("say either --call SID [--again] or --business N --since DAY [--watch]");
        return EXIT_USAGE;
    }
    return call != NULL ? redo_call(app, call, again) : redo_failed(app, business, since, watch);
}
