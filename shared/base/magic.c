#include "magic.h"

#ifdef CHECK_CONTEXTS

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

void *magic_checked(void *context, const char *name)
{
    const struct magic *magic = context;
    if (magic != NULL && strncmp(magic->name, name, sizeof magic->name) == 0) {
        return context;
    }
    char found[sizeof magic->name + 1] = "nothing", safe[2 * sizeof found];
    if (magic != NULL) {
        memcpy(found, magic->name, sizeof magic->name);
    }
    fprintf(stderr, "tapedeck: a context is no struct %s; it begins with: %s\n", name,
            text_for_log(found, safe, sizeof safe));
    abort();
}

#endif
