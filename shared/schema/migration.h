/*
 * One migration's file, and the pieces that it is done in. Pure, but for its checksum.
 *
 * Nobody is to wait for a migration, however many rows there are. So a file is not one transaction:
 * each CREATE INDEX in it is a piece of its own, built CONCURRENTLY outside a transaction, and each
 * UPDATE one that goes through its table a few pages at a time. What stands between them, in order,
 * is one transaction. docs/architecture.md says what follows from that for whoever writes one.
 */
#ifndef TAPEDECK_SCHEMA_MIGRATION_H
#define TAPEDECK_SCHEMA_MIGRATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/embedded.h"
#include "clients/crypto.h"

enum { MIGRATION_NAME_SIZE = 96 };

struct migration {
    char name[MIGRATION_NAME_SIZE]; /* "010_recordings" */
    char checksum[CRYPTO_SHA256_HEX];
    const char *sql;
};

/* False: its name is too long, or there is no memory. */
bool migration_read(const struct embedded_file *file, struct migration *out);

enum piece_kind {
    PIECE_TRANSACTION, /* statements that are done together */
    PIECE_INDEX,       /* one CREATE [UNIQUE] INDEX IF NOT EXISTS name ON table … */
    PIECE_ROWS,        /* one UPDATE table [alias] … WHERE … */
};

struct migration_piece {
    enum piece_kind kind;
    const char *sql; /* borrowed from the file; `len` bytes */
    size_t len;
    char table[MIGRATION_NAME_SIZE]; /* of an index, of an update */
    char name[MIGRATION_NAME_SIZE];  /* the index; the table's alias, or its name again */
    size_t split;                    /* in `sql`: behind the word INDEX, or behind WHERE */
};

/* The next piece of what is left at `*rest`, which goes behind it. False at the end. */
bool migration_next(const char **rest, struct migration_piece *piece);

/* Adds the text of a piece that is one transaction, for PostgreSQL 13, which cannot replace a
 * trigger (14 can): it is dropped and created, in the same transaction. */
void migration_old_text(const struct migration_piece *piece, struct buf *out);

/* Adds the piece's text: an index CONCURRENTLY; of an update what concerns the `count` pages that
 * begin with number `first`. */
void migration_index_text(const struct migration_piece *piece, struct buf *out);
void migration_rows_text(const struct migration_piece *piece, long long first, long long count,
                         struct buf *out);

#endif
