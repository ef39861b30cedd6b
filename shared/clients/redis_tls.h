/*
 * TLS over a connected socket, with an end to every wait. hiredis formats and reads what passes
 * through; its own TLS is not in every Debian that we run on.
 *
 * The server's certificate must lead to an authority that is trusted, and must be for `host`.
 */
#ifndef TAPEDECK_CLIENTS_REDIS_TLS_H
#define TAPEDECK_CLIENTS_REDIS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

enum {
    REDIS_TLS_PIECE = 16 * 1024, /* the most that a record holds (RFC 8446, 5.1) */
    REDIS_WHY_SIZE = 128,
};

struct redis_tls;

/* Begins TLS on `fd`, which stays the caller's and never blocks from here on. Trusts the
 * authorities in `ca_file`, or those of the system for "". NULL: where it is known, `why` says in
 * words what is wrong. */
struct redis_tls *redis_tls_open(int fd, const char *host, const char *ca_file, int64_t timeout_ms,
                                 char why[static REDIS_WHY_SIZE]);

/* redis_tls_free(NULL) is safe. Says no goodbye: the socket may be dead. */
void redis_tls_free(struct redis_tls *tls);

/* Sends it all. False: the server has gone, or took none of it for the timeout. */
bool redis_tls_send(struct redis_tls *tls, const char *bytes, size_t len);

/* One piece of what comes, waited for until the timeout or, without `wait`, not at all.
 * RESULT_NOT_FOUND: nothing has come; RESULT_UNAVAILABLE: the server has gone. */
enum result redis_tls_receive(struct redis_tls *tls, bool wait, char bytes[static REDIS_TLS_PIECE],
                              size_t *len);

#endif
