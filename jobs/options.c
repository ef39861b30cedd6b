#include "options.h"

#include <stdio.h>
#include <string.h>

static const struct option_spec *find(const struct option_spec *specs, const char *arg, size_t len)
{
    for (; specs->name != NULL; specs++) {
        if (strlen(specs->name) == len && memcmp(specs->name, arg, len) == 0) {
            return specs;
        }
    }
    return NULL;
}

static bool complain(const char *why, const char *arg)
{
    fprintf(stderr, "tapedeck: %s: %.64s\n", why, arg);
    return false;
}

static bool read_value(const struct option_spec *spec, const char *arg, const char *value)
{
    if (*spec->value != NULL) {
        return complain("option given twice", arg);
    }
    if (value == NULL) {
        return complain("option needs a value", arg);
    }
    *spec->value = value;
    return true;
}

bool options_read(const struct option_spec *specs, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        const char *inline_value = argv[i][len] == '=' ? argv[i] + len + 1 : NULL;
        const struct option_spec *spec = find(specs, argv[i], len);
        if (spec == NULL) {
            return complain("no such option", argv[i]);
        }
        if (spec->flag != NULL) {
            if (inline_value != NULL) {
                return complain("option takes no value", argv[i]);
            }
            if (*spec->flag) {
                return complain("option given twice", argv[i]);
            }
            *spec->flag = true;
            continue;
        }
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (!read_value(spec, argv[i], inline_value != NULL ? inline_value : next)) {
            return false;
        }
        i += inline_value == NULL;
    }
    return true;
}
