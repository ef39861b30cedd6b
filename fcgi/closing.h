/*
 * A responder closes itself before it answers anybody: what it goes on reading, and nothing else.
 */
#ifndef TAPEDECK_FCGI_CLOSING_H
#define TAPEDECK_FCGI_CLOSING_H

#include "app.h"

/* For good, unless SANDBOX=false. Where the kernel lacks something a line in the log says so. */
void closing_enter(const struct app *app);

#endif
