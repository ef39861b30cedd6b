/*
 * What pieces a migration is done in, of our own files and of ones made up here.
 */
#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/embedded.h"
#include "schema/migration.h"

enum { PIECES_MAX = 100, CEILING = 1 << 20 };

static const char LETTERS[] = {
    [PIECE_TRANSACTION] = 't',
    [PIECE_INDEX] = 'i',
    [PIECE_ROWS] = 'r',
};

/* A letter for each piece: whether they are, together, all that the file says is checked, too. */
static void check_kinds(const char *sql, const char *kinds)
{
    struct migration_piece piece;
    const char *rest = sql;
    char found[PIECES_MAX + 1] = "";
    for (size_t i = 0; i < PIECES_MAX && migration_next(&rest, &piece); i++) {
        found[i] = LETTERS[piece.kind];
        assert_ptr_equal(piece.sql + piece.len, rest);
    }
    assert_int_equal(strspn(rest, " \n"), strlen(rest));
    assert_string_equal(found, kinds);
}

static void test_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *kinds;
    } cases[] = {
        {"", ""},
        {"  \n", ""},
        {"SELECT 1", "t"},
        {"SELECT 1; SELECT 2;", "t"},
        {"CREATE INDEX IF NOT EXISTS a ON b (c);", "i"},
        {"-- Why.\n/* how; */ create unique index if not exists a\n  on b (c) where d = ';'", "i"},
        {"SELECT 1; CREATE INDEX IF NOT EXISTS a ON b (c); SELECT 2; SELECT 3;", "tit"},
        {"CREATE INDEX IF NOT EXISTS a ON b (c);CREATE INDEX IF NOT EXISTS d ON b (e);\n", "ii"},
        {"SELECT ';CREATE INDEX IF NOT EXISTS a ON b (c);'", "t"},
        {"SELECT 'it''s; UPDATE a SET b = 1 WHERE c;'; SELECT \"a;b\"", "t"},
        {"CREATE FUNCTION f() AS $$ BEGIN; UPDATE a SET b = 1 WHERE c; END $$; SELECT 2", "t"},
        {"DO $do$ $$; CREATE INDEX IF NOT EXISTS a ON b (c); $$ $do$; SELECT $1", "t"},
        {"UPDATE a SET b = 1 WHERE c IS NULL; ALTER TABLE a ADD COLUMN d text;", "rt"},
        {"UPDATE a SET b = 1", "t"},
        {"UPDATE a SET b = (SELECT 1 WHERE true)", "t"},
        {"CREATE INDEX a ON b (c)", "t"},
        {"CREATE TABLE a (b text); SELECT 1 /* never ended; ", "t"},
        {"SELECT 'never ended; UPDATE a SET b = 1 WHERE c", "t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_kinds(cases[i].sql, cases[i].kinds);
    }
}

static void check_text(const char *sql, const char *table, const char *name, const char *text)
{
    struct migration_piece piece;
    struct buf out;
    const char *rest = sql;
    buf_init(&out, CEILING);
    assert_true(migration_next(&rest, &piece));
    assert_string_equal(piece.table, table);
    assert_string_equal(piece.name, name);
    if (piece.kind == PIECE_INDEX) {
        migration_index_text(&piece, &out);
    } else {
        migration_rows_text(&piece, 64, 32, &out);
    }
    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}

static void test_texts(void **state)
{
    (void)state;
    check_text("-- x\nCREATE INDEX IF NOT EXISTS a_b ON c USING gin (d); SELECT 1;", "c", "a_b",
               "-- x\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_b ON c USING gin (d);");
    check_text("CREATE UNIQUE INDEX IF NOT EXISTS a ON b(c)", "b", "a",
               "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a ON b(c)");
    check_text("UPDATE a SET b = (SELECT 1 WHERE true) WHERE c OR d -- why;\n;", "a", "a",
               "UPDATE a SET b = (SELECT 1 WHERE true) WHERE ( c OR d -- why;\n\n)"
               " AND a.ctid >= '(64,0)' AND a.ctid < '(96,0)'");
    check_text("UPDATE a x SET b = 1 WHERE x.c", "a", "x",
               "UPDATE a x SET b = 1 WHERE ( x.c\n)"
               " AND x.ctid >= '(64,0)' AND x.ctid < '(96,0)'");
}

/* What is released, and is never to be done otherwise. */
static void check_old(const char *sql, const char *text)
{
    struct migration_piece piece;
    struct buf out;
    const char *rest = sql;
    buf_init(&out, CEILING);
    assert_true(migration_next(&rest, &piece));
    migration_old_text(&piece, &out);
    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}

/* PostgreSQL 13 has no CREATE OR REPLACE TRIGGER; all else is as it was. */
static void test_old(void **state)
{
    (void)state;
    static const char OTHERS[] =
        "CREATE OR REPLACE FUNCTION f() AS $$ CREATE OR REPLACE TRIGGER a AFTER DELETE ON b $$;\n"
        "CREATE TRIGGER a AFTER DELETE ON b; SELECT 'CREATE OR REPLACE TRIGGER a ON b'";
    check_old(OTHERS, OTHERS);
    check_old(
        "SELECT 1; -- Why.\ncreate or replace trigger a\n AFTER UPDATE OF \"on\", c ON b FOR EACH "
        "ROW WHEN (old.d <> 'x') EXECUTE FUNCTION f(); SELECT 2;",
        "SELECT 1;\nDROP TRIGGER IF EXISTS a ON b;\nCREATE TRIGGER a\n AFTER UPDATE OF \"on\", c "
        "ON b FOR EACH ROW WHEN (old.d <> 'x') EXECUTE FUNCTION f(); SELECT 2;");
}

static void test_released(void **state)
{
    (void)state;
    static const struct {
        const char *name, *kinds;
    } cases[] = {
        {"001_crm_tables.sql", "triit"},    {"010_recordings.sql", "t"},
        {"020_recording_runs.sql", "tiii"}, {"061_call_search.sql", "ti"},
        {"070_retention.sql", "tii"},       {"100_scale.sql", "tiitiititii"},
        {"130_strays.sql", "titrt"},        {"155_conference_business.sql", "t"},
    };
    size_t found = 0;
    for (const struct embedded_file *file = EMBEDDED_MIGRATIONS; file->name != NULL; file++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            if (strcmp(file->name, cases[i].name) == 0) {
                check_kinds(file->bytes, cases[i].kinds);
                found++;
            }
        }
    }
    assert_int_equal(found, sizeof cases / sizeof *cases);
}

static void test_read(void **state)
{
    (void)state;
    static const char SQL[] = "SELECT 1";
    struct migration m;
    struct embedded_file file = {"010_one.sql", SQL, SQL + strlen(SQL), ""};
    assert_true(migration_read(&file, &m));
    assert_string_equal(m.name, "010_one");
    assert_string_equal(m.checksum,
                        "e004ebd5b5532a4b85984a62f8ad48a81aa3460c1ca07701f386135d72cdecf5");
    char name[MIGRATION_NAME_SIZE + 1];
    memset(name, 'a', MIGRATION_NAME_SIZE);
    name[MIGRATION_NAME_SIZE] = '\0';
    file.name = name;
    assert_false(migration_read(&file, &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_texts), cmocka_unit_test(test_old),
        cmocka_unit_test(test_released), cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
