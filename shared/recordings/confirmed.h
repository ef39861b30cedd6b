/*
 * What PostgreSQL confirmed lately: that a business may hear a recording. A player asks for one
 * range after the other, and each would ask PostgreSQL again; here that is once a minute. One
 * process's memory, of a fixed size; what it forgets is asked again.
 */
#ifndef TAPEDECK_RECORDINGS_CONFIRMED_H
#define TAPEDECK_RECORDINGS_CONFIRMED_H

#include <stdbool.h>
#include <stdint.h>

enum { CONFIRMED_MS = 60 * 1000 };

struct confirmed;

/* NULL without memory. confirmed_free(NULL) is safe. */
struct confirmed *confirmed_new(void);
void confirmed_free(struct confirmed *confirmed);

/* Was it confirmed within CONFIRMED_MS before `now_ms` (monotonic)? `confirmed` may be NULL: no. */
bool confirmed_holds(const struct confirmed *confirmed, int64_t business_id, const char *name,
                     int64_t now_ms);

/* It is, from now on. `confirmed` may be NULL. */
void confirmed_note(struct confirmed *confirmed, int64_t business_id, const char *name,
                    int64_t now_ms);

#endif
