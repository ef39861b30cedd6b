/*
 * tapedeck config [--names]
 *
 * Prints the effective configuration, secrets masked; or just the names.
 */
#include <stdio.h>

#include "commands.h"
#include "options.h"

int command_config(const struct app *app, int argc, char **argv)
{
    bool names = false;
    const struct option_spec specs[] = {{"--names", NULL, &names}, {NULL, NULL, NULL}};
    if (!options_read(specs, argc, argv)) {
        return EXIT_USAGE;
    }
    if (names) {
        config_print_names(stdout);
    } else {
        config_print(app->config, stdout);
    }
    return EXIT_DONE;
}
