/*
 * Command-line options, from a table: "--name value", "--name=value", or "--flag".
 */
#ifndef TAPEDECK_JOBS_OPTIONS_H
#define TAPEDECK_JOBS_OPTIONS_H

#include <stdbool.h>

struct option_spec {
    const char *name;   /* "--linger"; the table ends with NULL */
    const char **value; /* set when the option takes one; else NULL */
    bool *flag;
};

/* Reads all arguments. False, with a line on stderr, for one that is not in the table, comes twice,
 * or lacks its value. */
bool options_read(const struct option_spec *specs, int argc, char **argv);

#endif
