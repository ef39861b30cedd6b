/*
 * tapedeck config [--names | --check]
 *
 * Prints the effective configuration, secrets masked; just the names; or whether responders and
 * runners could start with it.
 */
#include <stdio.h>

#include "commands.h"
#include "options.h"

/* That each value is valid was seen before; here, that none is missing. */
static int check(const struct config *config)
{
    static const char *const RUNNER_NEEDS[] = {"TWILIO_ACCOUNT_SID", NULL};
    const char *missing = config_missing(config, CONFIG_RESPONDER_NEEDS);
    if (missing == NULL) {
        missing = config_missing(config, RUNNER_NEEDS);
    }
    if (missing != NULL) {
        fprintf(stderr, "tapedeck: configuration: %s is not set; it means: %s\n", missing,
                config_meaning(missing));
        return EXIT_USAGE;
    }
    puts("the configuration is valid, and nothing is missing");
    return EXIT_DONE;
}

int command_config(const struct app *app, int argc, char **argv)
{
    bool names = false, checked = false;
    const struct option_spec specs[] = {
        {"--names", NULL, &names}, {"--check", NULL, &checked}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (names && checked) {
        fprintf(stderr, "tapedeck: config: --names or --check, not both\n");
        return EXIT_USAGE;
    }
    if (checked) {
        return check(app->config);
    }
    if (names) {
        config_print_names(stdout);
    } else {
        config_print(app->config, stdout);
    }
    return EXIT_DONE;
}
