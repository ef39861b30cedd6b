#include <stdarg.h>
#include <stddef.h>

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "speech/heard.h"

enum { PIECE_MS = 60000, SAID_SIZE = 4096 };

/* What was heard, as "start-end voice:text;" in milliseconds, without the voice where there is
 * none.
 */
static void note(void *context, int64_t start_ms, int64_t end_ms, int voice, const char *text)
{
    assert_true(start_ms >= 0 && start_ms <= end_ms && end_ms <= PIECE_MS);
    buf_format(context, "%lld-%lld ", (long long)start_ms, (long long)end_ms);
    if (voice > 0) {
        buf_format(context, "%d:", voice);
    }
    buf_format(context, "%s;", text);
}

static const char *hear_bytes(const char *type, const char *body, size_t len, struct buf *out)
{
    enum { STEP = 7 };
    struct heard heard;
    buf_clear(out);
    heard_begin(&heard);
    for (size_t at = 0; at < len; at += STEP) {
        assert_true(heard_eat(&heard, type, body + at, len - at < STEP ? len - at : STEP));
    }
    bool good = heard_end(&heard, PIECE_MS, note, out) == RESULT_OK;
    heard_free(&heard);
    return good ? buf_str(out) : NULL;
}

struct answer {
    const char *body, *heard;
};

static void check(const char *type, const struct answer *answers, size_t count)
{
    struct buf out;
    buf_init(&out, SAID_SIZE);
    for (size_t i = 0; i < count; i++) {
        const char *heard = hear_bytes(type, answers[i].body, strlen(answers[i].body), &out);
        if (answers[i].heard == NULL) {
            assert_null(heard);
        } else {
            assert_non_null(heard);
            assert_string_equal(heard, answers[i].heard);
        }
    }
    buf_free(&out);
}

#define CHECK(type, answers) check(type, answers, sizeof(answers) / sizeof *(answers))
#define S(inside) "{\"text\":\"a b\",\"segments\":[" inside "]}"

static const struct answer SEGMENTS[] = {
    {S("{\"start\":0,\"end\":1.5,\"text\":\"a\"},{\"id\":1,\"start\":1.5,\"end\":2.0004,\"text\":"
       "\"b\"}"),
     "0-1500 a;1500-2000 b;"},
    {S("{\"start\":0,\"end\":2,\"text\":\"a\"},{\"start\":2.5,\"end\":2.3,\"text\":\"b\"}"),
     "0-2000 a;2500-60000 b;"},
    {S("{\"start\":0,\"end\":2,\"text\":\"a\"},{\"start\":2.0,\"end\":-1.0,\"text\":\"b\"}"),
     "0-2000 a;2000-60000 b;"},
    {S("{\"start\":0,\"end\":null,\"text\":\"a\"},{\"start\":7,\"end\":8,\"text\":\"b\"}"),
     "0-7000 a;7000-8000 b;"},
    {S("{\"start\":-0.02,\"end\":2,\"text\":\"a\"},{\"start\":7,\"end\":99,\"text\":\"b\"}"),
     "0-2000 a;7000-60000 b;"},
    {S("{\"start\":\"0.5\",\"end\":\"2\",\"text\":\"a\"},{\"start\":\"00:00:03,500\",\"end\":"
       "\"4s\","
       "\"text\":\"b\"}"),
     "500-2000 a;3500-4000 b;"},
    {S("{\"start\":0.0,\"end\":2000000000,\"text\":\"a\"},{\"start\":2000000000,\"end\":3500000000,"
       "\"text\":\"b\"}"),
     "0-2000 a;2000-3500 b;"},
    {S("{\"start\":500,\"end\":1500,\"text\":\"a\"}"), "500-1500 a;"},
    {S("{\"start\":5,\"end\":6,\"text\":\"b\"},{\"start\":1,\"end\":2,\"text\":\"a\"}"),
     "1000-2000 a;5000-6000 b;"},
    {S("{\"start\":0,\"end\":2,\"text\":\"a\"},{\"start\":2,\"end\":3},{\"start\":2,\"text\":null},"
       "7,null"),
     "0-2000 a;"},
    {S("{\"start\":NaN,\"end\":Infinity,\"text\":\"a\",\"avg_logprob\":-inf}"), "0-60000 a b;"},
    {S("{\"start\":2}"), "0-60000 a b;"},
    {S("\"a\",\"b\""), "0-60000 a b;"},
    {S("{\"start\":1,\"end\":2,\"speaker\":\"B\",\"text\":\"a\"},{\"start\":0,\"end\":1,"
       "\"speaker\":\"A\","
       "\"text\":\"b\"},{\"start\":2,\"end\":3,\"speaker\":\"B\",\"text\":\"c\"},{\"start\":3,"
       "\"end\":4,"
       "\"text\":\"d\"}"),
     "0-1000 1:b;1000-2000 2:a;2000-3000 2:c;3000-4000 d;"},
    {S("{\"start\":0,\"end\":1,\"speaker_id\":0,\"text\":\"a\"},{\"start\":1,\"end\":2,\"speaker_"
       "id\":1,"
       "\"text\":\"b\"}"),
     "0-1000 1:a;1000-2000 2:b;"},
    {S("{\"start\":0,\"end\":1,\"speaker\":\"A\",\"text\":\"a\"},{\"start\":1,\"end\":2,"
       "\"speaker\":null,"
       "\"text\":\"b\"}"),
     "0-1000 a;1000-2000 b;"},
    {"{\"segments\":[\"a\",\"b\"]}", "0-60000 a b;"},
    {"{\"chunks\":[{\"timestamp\":[0.0,2.0],\"text\":\"a\"},{\"timestamp\":[2.0,null],\"text\":"
     "\"b\"}]}",
     "0-2000 a;2000-60000 b;"},
    {"{\"transcription\":[{\"offsets\":{\"from\":100,\"to\":2000},\"timestamps\":{\"from\":"
     "\"00:00:00,100\",\"to\":\"00:00:02,000\"},\"text\":\"a\"}]}",
     "100-2000 a;"},
    {"{\"result\":{\"segments\":[{\"start\":1,\"end\":2,\"text\":\"a\"}]}}", "1000-2000 a;"},
    {"[{\"start\":1,\"end\":2,\"text\":\"a\"}]", "1000-2000 a;"},
    {"[{\"text\":\"x\",\"segments\":[{\"start\":1,\"end\":2,\"text\":\"a\"}]}]", "1000-2000 a;"},
};

static const struct answer TEXTS[] = {
    {"{\"text\":\"all\"}", "0-60000 all;"},
    {"{\"text\":\"all\",\"segments\":[]}", "0-60000 all;"},
    {"{\"text\":\"all\",\"segments\":null}", "0-60000 all;"},
    {"{\"TEXT\":\"all\"}", "0-60000 all;"},
    {"{\"text\":\"a\",\"text\":\"שלום\",\"segments\":[]}", "0-60000 שלום;"},
    {"\xEF\xBB\xBF\n{\"text\":\"all\"}\n", "0-60000 all;"},
    {"{\"text\":\"a\xD7z\",\"words\":[{\"word\":\"\xD7\"}]}", "0-60000 a\xEF\xBF\xBDz;"},
    {"{\"text\":\"a\\ud83d\\u0000\"}", "0-60000 a\xEF\xBF\xBD\xEF\xBF\xBD;"},
    {"{\"text\":\"a\nb\",\"x\":NaN,}", "0-60000 a\nb;"},
    {"\"all of it\"", "0-60000 all of it;"},
    {"[\"a\",\"b\"]", "0-60000 a b;"},
    {"[{\"text\":\"a\"},{\"text\":\"b\"}]", "0-60000 a b;"},
    {"{\"data\":{\"text\":\"all\"}}", "0-60000 all;"},
    {"{\"results\":[{\"transcript\":\"all\"}]}", "0-60000 all;"},
    {"{\"text\":[\"a\",\"b\"]}", "0-60000 a b;"},
    {"{\"text\":\"\"}", ""},
    {"{\"segments\":[]}", ""},
    {"{\"text\":\"\",\"segments\":[]}", ""},
    {"{\"text\":\"\",\"segments\":[{\"start\":0,\"end\":1,\"text\":\" \"}]}", ""},
    {"{\"text\":\"a\"}\n{\"text\":\"b\"}\n", "0-60000 a b;"},
    {"data: {\"type\":\"transcript.text.delta\",\"delta\":\"a\"}\n\ndata: {\"type\":"
     "\"transcript.text.done\",\"text\":\"a b\"}\n\ndata: [DONE]\n\n",
     "0-60000 a b;"},
    {"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":"
     "{\"content\":\" b\"}}]}\r\n\r\n",
     "0-60000 a b;"},
    {"event: x\ndata: {\"start\":1,\"end\":2,\"text\":\"a\"}\n\ndata: "
     "{\"start\":2,\"end\":3,\"text\":"
     "\"b\"}",
     "1000-2000 a;2000-3000 b;"},
    {"data: {\"start\":0,\"text\":\"a\",\"segments\":[{\"start\":1,\"end\":2,\"text\":\"a\"}]}\n\n"
     "data: {\"text\":\"b\",\"segments\":[{\"start\":2,\"end\":3,\"text\":\"b\"}]}\n\n",
     "1000-2000 a;2000-3000 b;"},
    {"[{\"text\":\"a\",\"segments\":[]},{\"text\":\"b\",\"segments\":[7]}]", "0-60000 a b;"},
};

static const struct answer NONE[] = {
    {"", NULL},
    {"x", NULL},
    {"[]", NULL},
    {"{}", NULL},
    {"null", NULL},
    {"{\"text\":7}", NULL},
    {"{\"text\":null}", NULL},
    {"{\"segments\":{}}", NULL},
    {"{\"segments\":[7]}", NULL},
    {"{\"segments\":[{\"start\":0,\"end\":1}]}", NULL},
    {"{\"segments\": 7", NULL},
    {"{\"text\":\"a\",\"segments\":[{\"start\":0,\"end\":1,\"text\":\"a\"}", NULL},
    {"{\"error\":\"out of memory\"}", NULL},
    {"<html><title>Sign in</title></html>", NULL},
};

static const struct answer PLAIN[] = {
    {"שלום עולם\n", "0-60000 שלום עולם\n;"},
    {"a\xD7z", "0-60000 a\xEF\xBF\xBDz;"},
    {"1\n00:00:01,000 --> 00:00:02,500\na\nb\n\n2\n00:00:03,000 --> 00:00:04,000\nc\n",
     "1000-2500 a b;3000-4000 c;"},
    {"WEBVTT\n\n00:01.000 --> 00:02.500 align:left\na\n", "1000-2500 a;"},
    {"[00:00:01.000 --> 00:00:02.000]   a\n[00:00:02.000 --> 00:00:03.000]   b\n",
     "1000-2000    a;2000-3000    b;"},
    {"{\"text\":\"all\"}", "0-60000 all;"},
    {"[BLANK_AUDIO]", "0-60000 [BLANK_AUDIO];"},
    {"\n", "0-60000 \n;"},
    {"<!DOCTYPE html><p>Sign in", NULL},
};

static void test_segments(void **state)
{
    (void)state;
    CHECK("application/json", SEGMENTS);
}

static void test_texts(void **state)
{
    (void)state;
    CHECK("application/json", TEXTS);
    CHECK("text/plain; charset=utf-8", PLAIN);
    CHECK(NULL, PLAIN);
}

static void test_what_is_no_transcription(void **state)
{
    (void)state;
    CHECK("application/json", NONE);
}

static void test_a_text_with_a_nul(void **state)
{
    (void)state;
    static const char BODY[] = "a\0b";
    struct buf out;
    buf_init(&out, SAID_SIZE);
    assert_string_equal(hear_bytes("text/plain", BODY, sizeof BODY - 1, &out),
                        "0-60000 a\xEF\xBF\xBD"
                        "b;");
    buf_free(&out);
}

/* An answer of 30,000 segments with words and tokens: what is kept of it is what was said. */
static void test_memory(void **state)
{
    (void)state;
    enum { SEGMENTS_COUNT = 30000, TOKENS = 60 };
    struct heard heard;
    struct buf one, out;
    size_t sent = 0, document = 0;
    buf_init(&one, 1 << 16);
    buf_init(&out, 4 << 20);
    heard_begin(&heard);
    assert_true(heard_eat(&heard, "application/json", "{\"segments\":[", 13));
    for (int i = 0; i < SEGMENTS_COUNT; i++) {
        buf_clear(&one);
        buf_format(&one,
                   "%s{\"id\":%d,\"start\":%d.001,\"end\":%d.5,\"text\":\"word\",\"tokens\":[0",
                   i > 0 ? "," : "", i, i / 1000, i / 1000);
        for (int k = 0; k < TOKENS; k++) {
            buf_format(&one, ",%d", 50000 + k);
        }
        buf_text(&one, "],\"words\":[{\"word\":\"word\",\"start\":1,\"end\":2}]}");
        assert_true(heard_eat(&heard, "application/json", one.data, one.len));
        sent += one.len;
        document = heard.document.len > document ? heard.document.len : document;
    }
    assert_true(heard_eat(&heard, "application/json", "]}", 2));
    assert_int_equal(heard.said.segments.count, SEGMENTS_COUNT);
    assert_true(sent > 9 * 1000 * 1000);
    assert_true(document < 1000 && heard.line.cap < 4096);
    assert_int_equal(heard_end(&heard, PIECE_MS, note, &out), RESULT_OK);
    heard_free(&heard);
    buf_free(&one);
    buf_free(&out);
}

/* ---- any JSON that has the text somewhere we read ---- */

static unsigned next_random(unsigned *seed, unsigned below)
{
    *seed = *seed * 1103515245U + 12345U;
    return (*seed >> 16) % below;
}

/* A member that nobody reads, as odd as they come. */
static void add_junk(unsigned *seed, struct buf *out)
{
    static const char *const JUNK[] = {
        "\"avg\":NaN",
        "\"a\":-Infinity",
        "\"b\":1e999",
        "\"words\":[{\"word\":\"\xD7\",\"start\":null}]",
        "\"c\":\"\\ud83d\\u0000\"",
        "\"d\":\"raw\nline\"",
        "\"e\":{\"text\":{\"x\":[[],{}]}}",
        "\"f\":None",
        "\"duration\":\"12\"",
        "\"segments\":[]",
        "\"segments\":null",
        "\"segments\":[{\"start\":1,\"end\":2}]",
        "\"g\":\"\\q\"",
        "\"language\":\"he\",",
    };
    buf_text(out, JUNK[next_random(seed, sizeof JUNK / sizeof *JUNK)]);
    buf_text(out, ",");
}

static void add_said(unsigned *seed, struct buf *out)
{
    static const char *const SAID[] = {
        "\"text\":\"שלום\"",
        "\"Text\":\"שלום\"",
        "\"transcript\":\"שלום\"",
        "\"text\":[\"שלום\"]",
        "\"segments\":[{\"start\":null,\"text\":\"שלום\"}]",
        "\"segments\":[7,{\"start\":5,\"end\":-1,\"tokens\":[NaN],\"text\":\"שלום\"},null]",
        "\"chunks\":[{\"timestamp\":[1e999,\"x\"],\"text\":\"שלום\"}]",
        "\"transcription\":[{\"offsets\":{\"from\":9e99},\"text\":\"שלום\"}]",
    };
    buf_text(out, SAID[next_random(seed, sizeof SAID / sizeof *SAID)]);
}

static void add_document(unsigned *seed, struct buf *out)
{
    static const char *const AROUND[][2] = {{"", ""},
                                            {"\xEF\xBB\xBF", "\n"},
                                            {"{\"result\":", "}"},
                                            {"{\"data\":[", "],}"},
                                            {"[", "]"}};
    unsigned around = next_random(seed, sizeof AROUND / sizeof *AROUND);
    buf_text(out, AROUND[around][0]);
    buf_text(out, "{");
    for (unsigned i = next_random(seed, 4); i > 0; i--) {
        add_junk(seed, out);
    }
    add_said(seed, out);
    buf_text(out, ",\"end_of\":\"it\"}");
    buf_text(out, AROUND[around][1]);
}

static void test_a_text_that_is_there_is_heard(void **state)
{
    (void)state;
    enum { DOCUMENTS = 5000 };
    struct buf document, out;
    unsigned seed = 1;
    buf_init(&document, 10000);
    buf_init(&out, SAID_SIZE);
    for (int i = 0; i < DOCUMENTS; i++) {
        buf_clear(&document);
        add_document(&seed, &document);
        const char *heard = hear_bytes("application/json", document.data, document.len, &out);
        if (heard == NULL || strstr(heard, "שלום") == NULL) {
            fail_msg("not heard: %s", document.data);
        }
    }
    buf_free(&document);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_what_is_no_transcription),
        cmocka_unit_test(test_a_text_with_a_nul),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_a_text_that_is_there_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
