/*
 * Pieces: what a server has said so far about a step's long question, in PostgreSQL, so that
 * another try of the step, by whatever runner, goes on behind them.
 *
 * They are the step's own, and count as long as the same would be asked in the same way: of the
 * same audio or text, the same address, model and shape. They are gone when the step is done, when
 * it is to be done once more, when nobody may hear its recording any more, and after a month.
 */
#ifndef TAPEDECK_FOLLOWUPS_PIECE_H
#define TAPEDECK_FOLLOWUPS_PIECE_H

#include <stddef.h>
#include <stdint.h>

#include "app.h"
#include "base/result.h"
#include "clients/crypto.h"
#include "speech/shape.h"
#include "step.h"

struct piece {
    int64_t stream;     /* pieces of a stream follow each other */
    int64_t at, length; /* of its stream */
    int64_t most;       /* bytes of a piece, as far as is known */
    const char *model;  /* whoever said it */
    const char *said;   /* in the form of the step's kind */
};

/* All that a step asks about, and whom. */
struct piece_question {
    const struct step *step;
    const char *address;
    char hash[CRYPTO_SHA256_HEX];
};

/* `how` is what else is told with each piece. False: libcrypto refused. */
bool piece_question(const struct step *step, const char *address, const char *text, size_t len,
                    const char *how, struct piece_question *out);

/* Keeps one more. RESULT_LOST: somebody else has the step by now. */
enum result piece_keep(const struct app *app, const struct piece_question *question,
                       const struct piece *piece, const struct shape *shape);

/* Visits them in order of their streams; texts live for the call only. A piece that was lost, or
 * was cut in another way, leaves a gap: the caller takes those that follow what it has. */
enum result piece_each(const struct app *app, const struct piece_question *question,
                       void (*visit)(void *context, const struct piece *piece), void *context);

/* Those that nobody came back for. */
enum result piece_forget(const struct app *app);

const struct pg_statement *piece_statements(void);

#endif
