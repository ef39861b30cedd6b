#include "silence.h"

#include <stdbool.h>

enum {
    LOUD_MIN = 60, /* -55 dB: below it nobody is understood */
    LOUD_MAX = 600,
    NOISE_TIMES = 3,    /* louder than the noise by this */
    NOISE_PERCENT = 10, /* the quietest blocks that are not digital silence are noise */
    CLICK_BLOCKS = 3,   /* shorter sounds are clicks */
    PAUSE_BLOCKS = 1000 / SILENCE_BLOCK_MS,
    PAD_BLOCKS = 200 / SILENCE_BLOCK_MS,
    STRETCH_BLOCKS = SILENCE_STRETCH_MS_MAX / SILENCE_BLOCK_MS,
    PART_BLOCKS = STRETCH_BLOCKS / 3, /* a long stretch is parted within this of its bound */
    BUCKET = 8,
    BUCKETS = LOUD_MAX / BUCKET,
};

/* The integer square root, rounded down. */
static uint16_t root(uint64_t n)
{
    uint64_t low = 0, high = UINT16_MAX;
    while (low < high) {
        uint64_t middle = (low + high + 1) / 2;
        if (middle * middle <= n) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return (uint16_t)low;
}

uint16_t silence_level(uint64_t squares, size_t count)
{
    return count > 0 ? root(squares / count) : 0;
}

/* From which level on a block is loud. */
static uint16_t threshold(const uint16_t *levels, size_t count)
{
    size_t buckets[BUCKETS + 1] = {0}, sounding = 0, seen = 0, bucket = 0;
    for (size_t i = 0; i < count; i++) {
        if (levels[i] > 0) {
            size_t at = levels[i] / BUCKET;
            buckets[at < BUCKETS ? at : BUCKETS]++;
            sounding++;
        }
    }
    while (bucket < BUCKETS && seen + buckets[bucket] <= sounding * NOISE_PERCENT / 100) {
        seen += buckets[bucket++];
    }
    size_t loud = bucket * BUCKET * NOISE_TIMES;
    return (uint16_t)(loud < LOUD_MIN ? LOUD_MIN : loud > LOUD_MAX ? LOUD_MAX : loud);
}

static size_t quietest(const uint16_t *levels, size_t from, size_t to)
{
    size_t best = from;
    for (size_t i = from; i < to; i++) {
        if (levels[i] < levels[best]) {
            best = i;
        }
    }
    return best;
}

static size_t count_loud(const uint16_t *levels, size_t from, size_t count, uint16_t loud)
{
    size_t n = 0;
    for (size_t i = from; i < from + count; i++) {
        n += levels[i] >= loud;
    }
    return n;
}

struct finding {
    const uint16_t *levels;
    size_t count;
    uint16_t loud;
    struct silence_stretch *out;
    size_t found, limit;
    size_t last_end; /* of the stretch before */
};

/* Keeps [from, to), padded, in parts that are short enough. */
static void keep(struct finding *f, size_t from, size_t to)
{
    from = from > f->last_end + PAD_BLOCKS ? from - PAD_BLOCKS : f->last_end;
    to = to + PAD_BLOCKS < f->count ? to + PAD_BLOCKS : f->count;
    while (from < to && f->found < f->limit) {
        size_t end = to;
        if (to - from > STRETCH_BLOCKS) {
            end = from + STRETCH_BLOCKS;
            end = quietest(f->levels, end - PART_BLOCKS, end);
        }
        f->out[f->found++] = (struct silence_stretch){
            .from = from,
            .count = end - from,
            .voiced = count_loud(f->levels, from, end - from, f->loud),
        };
        f->last_end = from = end;
    }
}

/* The end of the loud blocks that begin at `from`. */
static size_t loud_until(const struct finding *f, size_t from)
{
    while (from < f->count && f->levels[from] >= f->loud) {
        from++;
    }
    return from;
}

size_t silence_find(const uint16_t *levels, size_t count, struct silence_stretch *out, size_t limit)
{
    struct finding f = {.levels = levels,
                        .count = count,
                        .loud = threshold(levels, count),
                        .out = out,
                        .limit = limit};
    bool open = false;
    size_t from = 0, to = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = loud_until(&f, i);
        if (end - i < CLICK_BLOCKS) {
            i = end > i ? end - 1 : i;
            continue;
        }
        if (open && i - to > PAUSE_BLOCKS) {
            keep(&f, from, to);
            open = false;
        }
        from = open ? from : i;
        to = end;
        open = true;
        i = end - 1;
    }
    if (open) {
        keep(&f, from, to);
    }
    return f.found;
}
