/*
 * Shares: links by which somebody outside hears one recording, or a part of it, and nothing else.
 *
 * A share's row is asked at every request of its listener, so what is revoked, over or used up ends
 * at the next one. A listening is one page that was opened; it counts when its first sound is
 * asked for, once, and never beyond the number that was allowed. Making and revoking leave a row in
 * the audit, as of all marks (mark.h).
 */
#ifndef TAPEDECK_MARKS_SHARE_LINK_H
#define TAPEDECK_MARKS_SHARE_LINK_H

#include "base/text.h"
#include "mark.h"
#include "share_token.h"

enum {
    SHARE_LABEL_LETTERS = 200,
    SHARE_LISTENINGS_MAX = 100000,
    SHARE_EXPIRES_MAX = 30 * 86400,    /* seconds */
    SHARE_EXPIRES_DEFAULT = 7 * 86400, /* the same */
    SHARES_MAX = 100,                  /* of one call */
};

struct share_link {
    char id[CRYPTO_TOKEN_SIZE];
    int64_t business_id;
    char name[SID_SIZE];    /* of the recording */
    int64_t from_ms, to_ms; /* the part; -1: from its beginning, to its end */
    int64_t listenings;     /* how many there may be; -1: any number */
    int64_t listened;
    const char *label, *author; /* these are for visitors, and live as long as the visit */
    const char *created_at, *expires_at, *revoked_at; /* revoked_at: NULL, it is not */
    const char *called_at;                            /* when the call was */
};

/* Makes one that ends in `expires_s`; fills id and leaves the rest. RESULT_TOO_BIG: the call has
 * SHARES_MAX. */
enum result share_link_add(const struct app *app, const struct mark_by *by, int64_t expires_s,
                           struct share_link *share);

/* Ends one; again changes nothing. RESULT_NOT_FOUND: this call has none of that id. */
enum result share_link_revoke(const struct app *app, const struct mark_by *by, const char *id);

typedef void share_link_visitor(void *context, const struct share_link *share);

/* Visits a call's, newest first. */
enum result share_link_each(const struct app *app, int64_t business_id, const char *call_sid,
                            share_link_visitor *visit, void *context);

/* Visits the share that somebody outside asks for, as long as it holds for this listening ("": a
 * new one). RESULT_LOST: it has ended, or its call is gone. */
enum result share_link_open(const struct app *app, const struct share_token *token,
                            share_link_visitor *visit, void *context);

/* Counts the listening, if it has not begun before. RESULT_LOST: none is left. */
enum result share_link_listen(const struct app *app, const struct share_token *token);

const struct pg_statement *share_link_statements(void);

#endif
