/*
 * tapedeck retry --call SID | --business N [--watch]
 *
 * Opens the way by hand: what failed lately is queued again, what waits its time is due now, and
 * the pauses of the account and of speech and chat servers are over. Of a call: each of its
 * recordings. With --watch, shows how far it is until all of the business's are done.
 */
#include <stdio.h>

#include "base/text.h"
#include "calls/call.h"
#include "commands.h"
#include "followups/server.h"
#include "options.h"
#include "recordings/service.h"
#include "runs/account.h"
#include "runs/run_control.h"
#include "watch.h"

static int complain(const char *why)
{
    fprintf(stderr, "tapedeck: retry: %s\n", why);
    return EXIT_USAGE;
}

static int complain_of_database(void)
{
    fprintf(stderr, "tapedeck: retry: PostgreSQL did not answer; nothing is lost, try again\n");
    return EXIT_NOT_DONE;
}

static int reopen(const struct app *app, int64_t business_id, const char *call_sid)
{
    int64_t reopened = 0;
    if (account_resume(app, app->config->twilio_account_sid) != RESULT_OK ||
        server_resume(app) != RESULT_OK ||
        run_control_reopen(app, business_id, call_sid, &reopened) != RESULT_OK) {
        return complain_of_database();
    }
    int64_t offered;
    (void)service_offer_due(app, &offered); /* else the next cleanup does */
    printf("%lld recordings are in line again\n", (long long)reopened);
    return reopened > 0 || call_sid == NULL ? EXIT_DONE : EXIT_NOT_DONE;
}

int command_retry(const struct app *app, int argc, char **argv)
{
    const char *call = NULL, *business = NULL;
    bool watch = false;
    int64_t business_id = 0;
    const struct option_spec specs[] = {{"--call", &call, NULL},
                                        {"--business", &business, NULL},
                                        {"--watch", NULL, &watch},
                                        {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if ((call == NULL) == (business == NULL) || (call != NULL && watch)) {
        return complain("say either --call SID or --business N [--watch]");
    }
    if (business != NULL && !text_int(business, 1, INT64_MAX, &business_id)) {
        return complain("--business must be a number, 1 or more");
    }
    if (call != NULL && !text_is_recording(call)) {
        return complain("--call must be a call's SID, CA and 32 hex digits");
    }
    enum result result = call != NULL ? call_business(app, call, &business_id) : RESULT_OK;
    if (result == RESULT_NOT_FOUND) {
        fprintf(stderr, "tapedeck: retry: there is no such call\n");
        return EXIT_NOT_DONE;
    }
    int status = result == RESULT_OK ? reopen(app, business_id, call) : complain_of_database();
    return watch && status == EXIT_DONE ? watch_business(app, business_id) : status;
}
