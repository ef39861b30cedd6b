/*
 * Files of the source tree that are inside the binary (db/embed.sh puts them there), so that only
 * one file must be copied to a host. Each table ends with a row whose name is NULL.
 */
#ifndef TAPEDECK_BASE_EMBEDDED_H
#define TAPEDECK_BASE_EMBEDDED_H

struct embedded_file {
    const char *name;  /* "001_call_log.sql" */
    const char *bytes; /* NUL-terminated */
    const char *end;   /* points at that NUL */
    const char *sha1;  /* of the bytes, lowercase hex */
};

extern const struct embedded_file EMBEDDED_MIGRATIONS[];
extern const struct embedded_file EMBEDDED_SCRIPTS[];
extern const struct embedded_file EMBEDDED_PROMPTS[];
extern const struct embedded_file EMBEDDED_DESCRIPTIONS[];

#endif
