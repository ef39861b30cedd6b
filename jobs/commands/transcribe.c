/*
 * tapedeck transcribe --call SID [--again]
 *
 * Has a call transcribed, summarised and told of: one that was not, or failed; with --again also
 * one that was. It is done by the next runner. A recording that is not here is fetched first.
 */
#include <stdio.h>

#include "base/text.h"
#include "calls/call.h"
#include "calls/transcript.h"
#include "commands.h"
#include "followups/step.h"
#include "options.h"
#include "recordings/service.h"
#include "storage/file.h"

static int complain(const char *why)
{
    fprintf(stderr, "tapedeck: transcribe: %s\n", why);
    return EXIT_NOT_DONE;
}

static int begin(const struct app *app, int64_t business_id, const char *call_sid, bool again)
{
    struct look look;
    if (step_redo(app, business_id, call_sid, again) != RESULT_OK ||
        service_request(app, business_id, call_sid, &look) != RESULT_OK) {
        return complain("PostgreSQL did not answer; nothing is lost, try again");
    }
    puts(look.state == STATE_READY ? "it will be transcribed"
                                   : "the recording is asked for, and will be transcribed");
    return EXIT_DONE;
}

int command_transcribe(const struct app *app, int argc, char **argv)
{
    const char *call = NULL;
    bool again = false;
    int64_t business_id = 0;
    struct transcript_facts facts;
    const struct option_spec specs[] = {
        {"--call", &call, NULL}, {"--again", NULL, &again}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (call == NULL || !text_is_recording(call)) {
        (void)complain("--call must be a call's SID, CA and 32 hex digits");
        return EXIT_USAGE;
    }
    enum result result = call_business(app, call, &business_id);
    if (result == RESULT_OK) {
        result = transcript_facts(app, business_id, call, &facts);
    }
    if (result == RESULT_NOT_FOUND) {
        return complain("there is no such call");
    }
    if (result != RESULT_OK) {
        return complain("PostgreSQL did not answer; nothing is lost, try again");
    }
    if (facts.has_transcript && !again) {
        puts("it is transcribed already; --again does it once more");
        return EXIT_DONE;
    }
    return begin(app, business_id, call, again);
}
