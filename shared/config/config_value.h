/*
 * One row of the configuration table, and how its value is parsed, kept and shown.
 */
#ifndef TAPEDECK_CONFIG_CONFIG_VALUE_H
#define TAPEDECK_CONFIG_CONFIG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config_list.h"

struct config;

enum { CONFIG_VALUE_MAX = 4096 }; /* bytes */

enum config_type {
    TYPE_TEXT,
    TYPE_URL,      /* http or https, without a query; a slash at its end is dropped */
    TYPE_ENDPOINT, /* the same, with a query or without */
    TYPE_ORIGINS, /* scheme, host and port of pages, with commas; kept without blanks and slashes */
    TYPE_PATH,    /* absolute; it travels in an X-Sendfile header */
    TYPE_SECRET,  /* at least `min` bytes */
    TYPE_ACCOUNT, /* AC… */
    TYPE_FLAG,
    TYPE_COUNT,
    TYPE_DURATION,
    TYPE_DURATIONS,
    TYPE_CHOICE, /* the index into `choices` */
    TYPE_CHOICES,
};

struct config_row {
    const char *name;
    enum config_type type;
    size_t offset; /* of the field in struct config */
    const char *preset;
    int64_t min, max;    /* a count's bounds, a duration's in milliseconds, a list's most items */
    const char *choices; /* "a,b,c" */
    const char *meaning;
    bool masked;
};

/* True for types whose field is a string that the config owns. */
bool config_value_is_text(enum config_type type);

/* True for what TYPE_URL takes. */
bool config_value_is_url(const char *text);

/* Parses `text` into the row's field, replacing what was there. False when it is no such value. */
bool config_value_set(struct config *config, const struct config_row *row, const char *text);

/* Writes what the row takes, with an example: "a duration, as 90s, 15min, 8h or 250ms". */
void config_value_wanted(const struct config_row *row, char *out, size_t size);

/* Prints the field's value, secrets masked. */
void config_value_print(const struct config *config, const struct config_row *row, FILE *out);

#endif
