/*
 * The seccomp filter of a sandbox: which system calls are refused. For sandbox.c alone.
 */
#ifndef TAPEDECK_BASE_SANDBOX_CALLS_H
#define TAPEDECK_BASE_SANDBOX_CALLS_H

#include <stdbool.h>

/* Puts the filter of a decoder, else that of a server, on this thread, for good. False when the
 * kernel or the architecture has none. */
bool sandbox_calls_refuse(bool decoder);

/* Whether it could be put on, without doing so. */
bool sandbox_calls_known(void);

#endif
