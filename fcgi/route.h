/*
 * One route: which requests it takes, and from whom. The table of all of them is in routes.c;
 * openapi.c describes what stands there.
 */
#ifndef TAPEDECK_FCGI_ROUTE_H
#define TAPEDECK_FCGI_ROUTE_H

#include "routes/handlers.h"

enum who {
    WHO_ANYONE,
    WHO_SESSION,
    WHO_SHARE,    /* a session, for what is dear: within its business's share */
    WHO_LISTENER, /* a session, or whoever listens by a share, to its recording alone */
    WHO_TWILIO,
    WHO_LINK, /* the handler checks the signature in the query */
    WHO_METRICS,
};

enum { KEYS_MAX = 32 };

struct route {
    unsigned methods;
    const char *pattern;        /* placeholders and keys are in the table of http/parameter.c */
    const char *keys[KEYS_MAX]; /* query keys it takes, each at most once; of WHO_TWILIO any, as
                                   they are signed */
    enum who who;
    handler *handle;
};

#endif
