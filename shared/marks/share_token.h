/*
 * What a share's links say, signed with MEDIA_SECRET. Pure but for the HMAC and the random bytes.
 *
 * A *share token* ("<share>.<signature>") names a share; a *listening token*
 * ("<share>.<listening>.<expires>.<signature>") one page of it that was opened, and works for
 * SHARE_LISTENING_S. Neither opens anything by itself: the share's row is asked each time
 * (share_link.h).
 */
#ifndef TAPEDECK_MARKS_SHARE_TOKEN_H
#define TAPEDECK_MARKS_SHARE_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "clients/crypto.h"
#include "config/config.h"

enum { SHARE_TOKEN_SIZE = 192, SHARE_LISTENING_S = 4 * 3600 /* longer than calls are */ };

struct share_token {
    char share[CRYPTO_TOKEN_SIZE];
    char listening[CRYPTO_TOKEN_SIZE]; /* "": a share token */
    int64_t expires;                   /* of a listening token; seconds since 1970 */
};

/* `out` holds SHARE_TOKEN_SIZE. */
enum result share_token_print(const struct config *config, const struct share_token *token,
                              char *out);

/* RESULT_INVALID: it is no such text (nor pretends to be one). RESULT_DENIED: its signature is
 * another's, or its time is over. */
enum result share_token_read(const struct config *config, const char *text, int64_t now,
                             struct share_token *out);

#endif
