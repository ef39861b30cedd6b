/*
 * One enum for the results of functions, the same in every room.
 *
 * Every function that can fail returns it. "Not there", "already there" and "failed" stay different
 * results all the way up to the HTTP status.
 */
#ifndef TAPEDECK_BASE_RESULT_H
#define TAPEDECK_BASE_RESULT_H

enum result {
    RESULT_OK = 0,
    RESULT_NOT_FOUND,   /* it is not there */
    RESULT_EXISTS,      /* it is already there */
    RESULT_INVALID,     /* what came from outside is malformed */
    RESULT_TOO_BIG,     /* over a ceiling */
    RESULT_DENIED,      /* the caller may not */
    RESULT_LOST,        /* somebody else holds it now (a lease, a lock) */
    RESULT_UNAVAILABLE, /* a server we need did not answer in time */
    RESULT_FAILED,      /* anything else; the log says what */
};

#endif
