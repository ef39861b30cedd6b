#include "child_commands.h"

#include <stddef.h>
#include <string.h>

piece *child_command_named(const char *name)
{
    static const struct {
        const char *name;
        piece *run;
    } PIECES[] = {{"peaks", child_peaks}, {"speech", child_speech}};
    for (size_t i = 0; i < sizeof PIECES / sizeof *PIECES; i++) {
        if (strcmp(PIECES[i].name, name) == 0) {
            return PIECES[i].run;
        }
    }
    return NULL;
}
