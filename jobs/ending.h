/*
 * How a run ends: its row, its file and its slot, in the order that no crash can spoil.
 */
#ifndef TAPEDECK_JOBS_ENDING_H
#define TAPEDECK_JOBS_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "app.h"
#include "recordings/file.h"
#include "recordings/run.h"
#include "transfer.h"

enum { ENDING_FINAL = -1, ENDING_BLOCKED = -2, ENDING_ADMITTED = -3 };

/* Writes down how a transfer ended. Gives the milliseconds until the run is due again, or
 * ENDING_FINAL; `part` is finished or dropped then. ENDING_BLOCKED: PostgreSQL did not answer, so
 * nothing was changed and nothing given back; call again. */
int64_t ending_write(const struct app *app, const struct run *run, const struct transfer_end *end,
                     struct file_part *part);

/* May this run's transfer begin, as far as its account goes? When not, it is put off, slot and all,
 * and this gives the milliseconds until it is due again, else ENDING_ADMITTED. */
int64_t ending_unless_admitted(const struct app *app, struct run *run);

/* The run goes back to the head of its line: somebody else will do it. */
void ending_hand_back(const struct app *app, const struct run *run);

/* The file is here already: the run is complete without a transfer. */
void ending_already_here(const struct app *app, const struct run *run,
                         const struct file_facts *file);

#endif
