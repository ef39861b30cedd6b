#include "child_commands.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/sandbox.h"

static bool is_open(char *const *words)
{
    return words[1] != NULL && strcmp(words[1], CHILD_OPEN) == 0;
}

child_command *child_command_named(char *const *words)
{
    static const struct {
        const char *name;
        child_command *run;
    } COMMANDS[] = {{"peaks", child_peaks}, {"speech", child_speech}};
    bool alone = words[1] == NULL || (is_open(words) && words[2] == NULL);
    for (size_t i = 0; alone && i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, words[0]) == 0) {
            return COMMANDS[i].run;
        }
    }
    return NULL;
}

int child_command_run(child_command *run, char *const *words)
{
    if (!is_open(words)) {
        struct sandbox sandbox = sandbox_new(SANDBOX_DECODER);
        (void)sandbox_enter(&sandbox);
    }
    return run();
}
