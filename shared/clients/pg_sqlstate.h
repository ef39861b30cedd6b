/*
 * What the SQLSTATEs of PostgreSQL (its appendix A) mean to us. Pure.
 */
#ifndef TAPEDECK_CLIENTS_PG_SQLSTATE_H
#define TAPEDECK_CLIENTS_PG_SQLSTATE_H

#include "base/result.h"

/* RESULT_UNAVAILABLE, as for NULL: a server that is starting, stopping or out of connections is
 * away, not wrong. RESULT_EXISTS, RESULT_LOST (a lock), RESULT_INVALID; RESULT_FAILED for all
 * others. */
enum result pg_sqlstate_result(const char *state);

/* What an operator can do about it, in a few words; "" where nothing is known. */
const char *pg_sqlstate_advice(const char *state);

/* Why a connection failed, of libpq's message about it: without the server's address. */
const char *pg_sqlstate_cause(const char *message);

#endif
