#include "child_commands.h"

#include <stddef.h>
#include <string.h>

piece *piece_named(const char *name)
{
    static const struct {
        const char *name;
        piece *run;
    } PIECES[] = {{"peaks", piece_peaks}, {"speech", piece_speech}};
    for (size_t i = 0; i < sizeof PIECES / sizeof *PIECES; i++) {
        if (strcmp(PIECES[i].name, name) == 0) {
            return PIECES[i].run;
        }
    }
    return NULL;
}
