#include "child_commands.h"

#include <stddef.h>
#include <string.h>

child_command *child_command_named(const char *name)
{
    static const struct {
        const char *name;
        child_command *run;
    } COMMANDS[] = {{"peaks", child_peaks}, {"speech", child_speech}};
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            return COMMANDS[i].run;
        }
    }
    return NULL;
}
