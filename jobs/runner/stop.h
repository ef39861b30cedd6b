/*
 * A request to stop (SIGTERM, SIGINT). It arrives as a descriptor that a loop reads when it has
 * time, and interrupts nothing else.
 */
#ifndef TAPEDECK_JOBS_RUNNER_STOP_H
#define TAPEDECK_JOBS_RUNNER_STOP_H

#include <stdbool.h>

/* From now on the signals end nothing by themselves. Gives a descriptor to poll(2) and close(2), -1
 * where there is none. */
int stop_listen(void);

/* Has one come? True once for each; waits for nothing. */
bool stop_requested(int fd);

#endif
