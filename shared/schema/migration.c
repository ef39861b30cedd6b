#include "migration.h"

#include <string.h>

#include "base/text.h"

bool migration_read(const struct embedded_file *file, struct migration *out)
{
    size_t len = strcspn(file->name, ".");
    if (len >= sizeof out->name) {
        return false;
    }
    memcpy(out->name, file->name, len);
    out->name[len] = '\0';
    out->sql = file->bytes;
    return crypto_sha256_hex(file->bytes, (size_t)(file->end - file->bytes), out->checksum);
}

/* ---- SQL, as far as it must be read to see where a statement ends ---- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static const char *behind(const char *p, const char *end)
{
    const char *found = strstr(p, end);
    return found != NULL ? found + strlen(end) : p + strlen(p);
}

/* Behind a string between dollars ($$…$$, $body$…$body$; PostgreSQL's manual, 4.1.2.4), or just
 * behind the dollar where none begins. */
static const char *behind_dollars(const char *p)
{
    char tag[MIGRATION_NAME_SIZE];
    size_t len = 1;
    while (is_word(p[len])) {
        len++;
    }
    if (p[len] != '$' || len + 2 > sizeof tag) {
        return p + 1;
    }
    memcpy(tag, p, len + 1);
    tag[len + 1] = '\0';
    return behind(p + len + 1, tag);
}

/* Behind a comment, a quoted text, a word, or one other character. */
static const char *behind_token(const char *p)
{
    if (p[0] == '-' && p[1] == '-') {
        return behind(p, "\n");
    }
    if (p[0] == '/' && p[1] == '*') {
        return behind(p + 2, "*/");
    }
    switch (*p) {
    case '\'': return behind(p + 1, "'");
    case '"': return behind(p + 1, "\"");
    case '$': return behind_dollars(p);
    default: break;
    }
    const char *end = p;
    while (is_word(*end)) {
        end++;
    }
    return end > p ? end : p + 1;
}

static const char *behind_statement(const char *p)
{
    while (*p != '\0' && *p != ';') {
        p = behind_token(p);
    }
    return *p == ';' ? p + 1 : p;
}

static bool is_blank(const char *p)
{
    return strchr(" \t\r\n", *p) != NULL || (p[0] == '-' && p[1] == '-') ||
           (p[0] == '/' && p[1] == '*');
}

static const char *behind_blanks(const char *p)
{
    while (*p != '\0' && is_blank(p)) {
        p = behind_token(p);
    }
    return p;
}

/* Reads the next word; gives where it ends. An empty one: something else is there. */
static const char *read_word(const char *p, char *word)
{
    p = behind_blanks(p);
    size_t len = 0;
    while (is_word(p[len]) && len + 1 < MIGRATION_NAME_SIZE) {
        word[len] = p[len];
        len++;
    }
    word[len] = '\0';
    return p + len;
}

/* Goes behind these words, or gives NULL. */
static const char *expect(const char *p, const char *const *words)
{
    char word[MIGRATION_NAME_SIZE];
    for (; *words != NULL; words++) {
        p = read_word(p, word);
        if (!text_same(word, *words)) {
            return NULL;
        }
    }
    return p;
}

/* ---- pieces ---- */

static bool reads_as_index(struct migration_piece *piece)
{
    static const char *const PLAIN[] = {"CREATE", "INDEX", NULL};
    static const char *const UNIQUE[] = {"CREATE", "UNIQUE", "INDEX", NULL};
    static const char *const UNLESS[] = {"IF", "NOT", "EXISTS", NULL};
    static const char *const ON[] = {"ON", NULL};
    const char *p = expect(piece->sql, PLAIN);
    p = p != NULL ? p : expect(piece->sql, UNIQUE);
    if (p == NULL) {
        return false;
    }
    piece->split = (size_t)(p - piece->sql);
    p = expect(p, UNLESS);
    p = p != NULL ? expect(read_word(p, piece->name), ON) : NULL;
    return p != NULL && *read_word(p, piece->table) != '.' && piece->table[0] != '\0';
}

/* Where the condition begins, among all that is within no parentheses; NULL: there is none. */
static const char *behind_where(const char *p, const char *end)
{
    static const char *const WHERE[] = {"WHERE", NULL};
    int depth = 0;
    while (p < end) {
        const char *found = depth == 0 && is_word(*p) ? expect(p, WHERE) : NULL;
        if (found != NULL) {
            return found;
        }
        depth += (*p == '(') - (*p == ')');
        p = behind_token(p);
    }
    return NULL;
}

static bool reads_as_rows(struct migration_piece *piece)
{
    static const char *const UPDATE[] = {"UPDATE", NULL};
    char word[MIGRATION_NAME_SIZE];
    const char *p = expect(piece->sql, UPDATE);
    if (p == NULL) {
        return false;
    }
    p = read_word(p, piece->table);
    (void)read_word(p, word);
    memcpy(piece->name, text_same(word, "SET") ? piece->table : word, sizeof word);
    p = behind_where(p, piece->sql + piece->len);
    piece->split = p != NULL ? (size_t)(p - piece->sql) : 0;
    return p != NULL && piece->table[0] != '\0' && piece->name[0] != '\0';
}

static enum piece_kind kind_of(struct migration_piece *piece)
{
    return reads_as_index(piece)  ? PIECE_INDEX
           : reads_as_rows(piece) ? PIECE_ROWS
                                  : PIECE_TRANSACTION;
}

bool migration_next(const char **rest, struct migration_piece *piece)
{
    const char *begin = *rest, *at = begin;
    while (*behind_blanks(at) != '\0') {
        struct migration_piece one = {.sql = at, .len = (size_t)(behind_statement(at) - at)};
        one.kind = kind_of(&one);
        if (one.kind != PIECE_TRANSACTION && at == begin) {
            *piece = one;
            *rest = at + one.len;
            return true;
        }
        if (one.kind != PIECE_TRANSACTION) {
            break;
        }
        at += one.len;
    }
    *piece = (struct migration_piece){.sql = begin, .len = (size_t)(at - begin)};
    *rest = at;
    return at > begin;
}

/* Where the statement at `p` goes on behind CREATE OR REPLACE TRIGGER, and what it names; NULL: it
 * is another. */
static const char *behind_replaced_trigger(const char *p, char *trigger, char *table)
{
    static const char *const REPLACE[] = {"CREATE", "OR", "REPLACE", "TRIGGER", NULL};
    static const char *const ON[] = {"ON", NULL};
    const char *body = expect(p, REPLACE);
    if (body == NULL) {
        return NULL;
    }
    const char *at = behind_blanks(read_word(body, trigger)), *found = NULL;
    while (*at != '\0' && *at != ';' && found == NULL) {
        found = expect(at, ON);
        at = behind_blanks(behind_token(at));
    }
    if (found == NULL) {
        return NULL;
    }
    (void)read_word(found, table);
    return body;
}

void migration_old_text(const struct migration_piece *piece, struct buf *out)
{
    char trigger[MIGRATION_NAME_SIZE], table[MIGRATION_NAME_SIZE];
    const char *p = piece->sql, *end = piece->sql + piece->len;
    while (p < end) {
        const char *body = behind_replaced_trigger(p, trigger, table), *next = behind_statement(p);
        if (body != NULL) {
            buf_format(out, "\nDROP TRIGGER IF EXISTS %s ON %s;\nCREATE TRIGGER", trigger, table);
        }
        p = body != NULL ? body : p;
        buf_add(out, p, (size_t)(next - p));
        p = next;
    }
}

void migration_index_text(const struct migration_piece *piece, struct buf *out)
{
    buf_add(out, piece->sql, piece->split);
    buf_text(out, " CONCURRENTLY");
    buf_add(out, piece->sql + piece->split, piece->len - piece->split);
}

void migration_rows_text(const struct migration_piece *piece, long long first, long long count,
                         struct buf *out)
{
    size_t len = piece->len - (piece->sql[piece->len - 1] == ';');
    buf_add(out, piece->sql, piece->split);
    buf_text(out, " (");
    buf_add(out, piece->sql + piece->split, len - piece->split);
    buf_format(out, "\n) AND %s.ctid >= '(%lld,0)' AND %s.ctid < '(%lld,0)'", piece->name, first,
               piece->name, first + count);
}
