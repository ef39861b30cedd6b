#include "pg_sqlstate.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

/* The longest that fits counts; a class has two characters. 57014 is our own statement timeout. */
static const struct {
    const char *state;
    enum result result;
    const char *advice;
} KNOWN[] = {
    {"08", RESULT_UNAVAILABLE, ""},
    {"53", RESULT_UNAVAILABLE, ""},
    {"57P", RESULT_UNAVAILABLE, ""},
    {"57014", RESULT_UNAVAILABLE, ""},
    {"23505", RESULT_EXISTS, ""},
    {"55P03", RESULT_LOST, ""},
    {"22", RESULT_INVALID, ""},
    {"42P01", RESULT_FAILED, "run_tapedeck_migrate"},
    {"42703", RESULT_FAILED, "run_tapedeck_migrate"},
    {"42883", RESULT_FAILED, "run_tapedeck_migrate"},
    {"42501", RESULT_FAILED, "grant_it_to_our_role"},
};

enum { COUNT = sizeof KNOWN / sizeof *KNOWN };

static size_t find(const char *state)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (text_starts(state, KNOWN[i].state)) {
            return i;
        }
    }
    return COUNT;
}

enum result pg_sqlstate_result(const char *state)
{
    size_t i = state != NULL ? find(state) : 0;
    return i < COUNT ? KNOWN[i].result : RESULT_FAILED;
}

const char *pg_sqlstate_advice(const char *state)
{
    size_t i = state != NULL ? find(state) : 0;
    return i < COUNT ? KNOWN[i].advice : "";
}

/* "connection to server on socket "…" failed: FATAL:  …". */
const char *pg_sqlstate_cause(const char *message)
{
    static const char BEFORE[] = " failed: ";
    const char *found = strstr(message, BEFORE);
    return found != NULL ? found + sizeof BEFORE - 1 : message;
}
