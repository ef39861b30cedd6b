#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"

/* Names of ours fit, and there are not more of them than one process counts. */
static void keep(void *context, const char *name, int64_t count)
{
    struct counts *counts = CHECKED(counts, context);
    size_t len = strlen(name);
    if (counts->count < METRICS_COUNTS_MAX && len < METRICS_NAME_SIZE) {
        struct counts_item *item = &counts->items[counts->count++];
        memcpy(item->name, name, len + 1);
        item->count = count;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct counts_item *one = a, *other = b;
    return strcmp(one->name, other->name);
}

enum result counts_read(const struct app *app, struct counts *out)
{
    *out = (struct counts){.magic = MAGIC(counts)};
    out->items = calloc(METRICS_COUNTS_MAX, sizeof *out->items);
    if (out->items == NULL) {
        return RESULT_FAILED;
    }
    enum result result = metrics_each(app, keep, out);
    if (result != RESULT_OK) {
        counts_free(out);
        return result;
    }
    qsort(out->items, out->count, sizeof *out->items, by_name);
    return RESULT_OK;
}

void counts_free(struct counts *counts)
{
    free(counts->items);
    *counts = (struct counts){.magic = MAGIC(counts)};
}

int64_t counts_of(const struct counts *counts, const char *what, const char *first,
                  const char *second)
{
    struct counts_item wanted = {.count = 0};
    (void)snprintf(wanted.name, sizeof wanted.name, "%s%s%s%s%s", what, first != NULL ? "|" : "",
                   first != NULL ? first : "", second != NULL ? "|" : "",
                   second != NULL ? second : "");
    const struct counts_item *found =
        bsearch(&wanted, counts->items, counts->count, sizeof *counts->items, by_name);
    return found != NULL ? found->count : 0;
}

void counts_each(const struct counts *counts, const char *what,
                 void (*visit)(void *, const char *first, const char *second, int64_t count),
                 void *context)
{
    char words[METRICS_NAME_SIZE];
    size_t len = strlen(what);
    for (size_t i = 0; i < counts->count; i++) {
        const struct counts_item *item = &counts->items[i];
        if (strncmp(item->name, what, len) != 0 || item->name[len] != '|') {
            continue;
        }
        memcpy(words, item->name + len + 1, strlen(item->name + len + 1) + 1);
        char *bar = strchr(words, '|');
        if (bar != NULL) {
            *bar = '\0';
        }
        visit(context, words, bar != NULL ? bar + 1 : NULL, item->count);
    }
}
