#include "pg_array.h"

enum { CEILING = 256 * 1024 };

void pg_arrays_init(struct pg_arrays *arrays)
{
    for (size_t i = 0; i < PG_ARRAYS_MAX; i++) {
        buf_init(&arrays->texts[i], CEILING);
    }
}

void pg_arrays_free(struct pg_arrays *arrays)
{
    for (size_t i = 0; i < PG_ARRAYS_MAX; i++) {
        buf_free(&arrays->texts[i]);
    }
}

static void separate(struct buf *text)
{
    buf_text(text, text->len == 0 ? "{" : ",");
}

void pg_arrays_number(struct pg_arrays *arrays, size_t index, int64_t number)
{
    separate(&arrays->texts[index]);
    buf_format(&arrays->texts[index], "%lld", (long long)number);
}

void pg_arrays_word(struct pg_arrays *arrays, size_t index, const char *word)
{
    separate(&arrays->texts[index]);
    buf_text(&arrays->texts[index], word);
}

bool pg_arrays_finish(struct pg_arrays *arrays, size_t count, struct pg_params *params)
{
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        struct buf *text = &arrays->texts[i];
        buf_text(text, text->len == 0 ? "{}" : "}");
        good = good && buf_ok(text);
        pg_text(params, buf_str(text));
    }
    return good;
}
