/*
 * Waiting for the next request, or for the order to stop.
 *
 * Signals that stop a responder are blocked, and read here: one that comes while libfcgi takes a
 * connection would break that off, and leave it closing the same descriptor for ever (2.4.2,
 * is_af_unix_keeper). So a request that has begun is answered, and the next wait ends.
 */
#ifndef TAPEDECK_FCGI_ARRIVALS_H
#define TAPEDECK_FCGI_ARRIVALS_H

#include "base/result.h"

enum arrival { ARRIVAL_REQUEST, ARRIVAL_NONE, ARRIVAL_STOP };

struct arrivals {
    int signals; /* a signalfd */
    int watch;   /* the socket, and the signals */
};

/* For a socket that all responders listen on, which does not block from now on: of those that wait
 * one is woken, and who comes too late waits again. Blocks SIGTERM, SIGINT and SIGUSR1.
 * RESULT_FAILED: it cannot be. Free with arrivals_close. */
enum result arrivals_open(int socket, struct arrivals *out);
void arrivals_close(struct arrivals *arrivals);

/* Waits for a request on the connection that the web server keeps open, or else (-1) on the socket;
 * at most `ms`, or with -1 as long as it takes. A stop that was ordered comes first. */
enum arrival arrivals_wait(const struct arrivals *arrivals, int connection, int ms);

#endif
