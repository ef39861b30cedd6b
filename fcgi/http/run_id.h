/*
 * A run's number as it is shown: permuted with a key, so that nobody learns by it how many runs
 * others have. Equal numbers look equal on every host with the same MEDIA_SECRET.
 */
#ifndef TAPEDECK_FCGI_HTTP_RUN_ID_H
#define TAPEDECK_FCGI_HTTP_RUN_ID_H

#include <stdint.h>

#include "app.h"

/* Between 2^52 and 2^53, which JSON's numbers hold exactly (RFC 8259, 6). 0: it cannot be computed.
 */
int64_t run_id_shown(const struct app *app, int64_t id);

/* The number behind one that was shown. What is below 2^52 was shown by an older release, and is
 * the number itself. */
int64_t run_id_meant(const struct app *app, int64_t shown);

#endif
