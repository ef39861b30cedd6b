/*
 * tapedeck-decoder: what a runner starts for each recording that needs a decoder (audio/child.h).
 * `tapedeck-decoder peaks|speech [open]` reads its stdin and writes its stdout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/child.h"
#include "audio/child_limits.h"
#include "base/sandbox.h"
#include "commands.h"

static decoder_command *command_named(const char *name)
{
    static const struct {
        const char *name;
        decoder_command *run;
    } COMMANDS[] = {{"peaks", decoder_peaks}, {"speech", decoder_speech}};
    for (size_t i = 0; i < sizeof COMMANDS / sizeof *COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            return COMMANDS[i].run;
        }
    }
    return NULL;
}

/* What the kernel lacks is passed over: the runner has said so. */
static void close_itself(void)
{
    struct sandbox sandbox = sandbox_new(SANDBOX_DECODER);
    (void)sandbox_enter(&sandbox);
}

int main(int argc, char **argv)
{
    const char *limits = getenv(CHILD_LIMITS);
    bool open = argc == 3 && strcmp(argv[2], CHILD_OPEN) == 0;
    decoder_command *run = argc == 2 || open ? command_named(argv[1]) : NULL;
    if (run == NULL) {
        fputs("usage: tapedeck-decoder peaks|speech [" CHILD_OPEN "] <RECORDING\n", stderr);
        return CHILD_NOT_DONE;
    }
    if (limits != NULL && !child_limits_enter(limits)) {
        return CHILD_NOT_STARTED;
    }
    if (!open) {
        close_itself();
    }
    return run();
}
