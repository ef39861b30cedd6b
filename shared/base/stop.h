/*
 * A request to stop (SIGTERM, SIGINT). It arrives as a descriptor that a loop reads when it has
 * time, and interrupts nothing else.
 */
#ifndef TAPEDECK_BASE_STOP_H
#define TAPEDECK_BASE_STOP_H

#include <stdbool.h>

/* From now on the signals end nothing by themselves; `another` is one more that means the same, or
 * 0. Gives a descriptor to poll(2) and close(2), -1
 * where there is none. */
int stop_listen(int another);

/* Has one come? True once for each; waits for nothing. */
bool stop_requested(int fd);

#endif
