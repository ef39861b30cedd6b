#include "listening.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "speech/plan.h"
#include "speech/silence.h"

enum {
    CHANNELS = 2, /* further ones are not listened to */
    BLOCKS_MAX = 24 * 3600 * (1000 / SILENCE_BLOCK_MS),
    GROW_BLOCKS = 4096,
    EQUAL_TIMES = 1000, /* channels are equal when this times their difference is less than they */
    HELD_MAX = 64 * 1024,
};

struct listening {
    const struct listening_sound *sound;
    int16_t *samples; /* one block, channels side by side */
    size_t block;     /* frames of a block */
    uint16_t *levels[CHANNELS];
    size_t blocks;
    int64_t frames;
    uint32_t sum;              /* of the sums of each block (FNV-1a) */
    double energy, difference; /* sums of squares */
    int out;
    int64_t room; /* bytes that may be written yet */
    size_t held;  /* of what is written next */
    unsigned char bytes[HELD_MAX];
};

static int64_t read_block(struct listening *l)
{
    return l->sound->read(l->sound->context, l->samples, (int64_t)l->block);
}

static size_t channels_of(const struct listening *l)
{
    return l->sound->channels < CHANNELS ? 1 : CHANNELS;
}

/* ---- how loud ---- */

static enum result grow(struct listening *l)
{
    if (l->blocks >= BLOCKS_MAX) {
        return RESULT_INVALID;
    }
    for (size_t c = 0; c < CHANNELS && l->blocks % GROW_BLOCKS == 0; c++) {
        uint16_t *larger = realloc(l->levels[c], (l->blocks + GROW_BLOCKS) * sizeof *l->levels[c]);
        if (larger == NULL) {
            return RESULT_FAILED;
        }
        l->levels[c] = larger;
    }
    return RESULT_OK;
}

/* Of another recording the exact sums of its blocks are others. To mix in each sample by itself
 * took as long as all the rest, since each waits for the one before. */
static uint32_t mix(uint32_t sum, int64_t of_block)
{
    static const uint32_t FNV_PRIME = 16777619;
    sum = (sum ^ (uint32_t)of_block) * FNV_PRIME;
    return (sum ^ (uint32_t)((uint64_t)of_block >> 32)) * FNV_PRIME;
}

static void add_block(struct listening *l, size_t frames, size_t step)
{
    int64_t squares[CHANNELS] = {0, 0}, difference = 0, both = 0;
    size_t second = step > 1;
    for (const int16_t *at = l->samples, *end = at + frames * step; at < end; at += step) {
        int64_t a = at[0], b = at[second];
        squares[0] += a * a;
        squares[1] += b * b;
        difference += (a - b) * (a - b);
        both += a + b;
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        l->levels[c][l->blocks] = silence_level((uint64_t)squares[c], frames);
    }
    l->sum = mix(mix(mix(mix(l->sum, squares[0]), squares[1]), difference), both);
    l->energy += (double)(squares[0] + squares[1]);
    l->difference += (double)difference;
}

static enum result measure(struct listening *l)
{
    static const uint32_t FNV_BASIS = 2166136261;
    l->sum = FNV_BASIS;
    size_t step = (size_t)l->sound->channels;
    int64_t n;
    while ((n = read_block(l)) > 0) {
        enum result result = grow(l);
        if (result != RESULT_OK) {
            return result;
        }
        add_block(l, (size_t)n, step);
        l->blocks++;
        l->frames += n;
    }
    return l->blocks > 0 ? RESULT_OK : RESULT_INVALID;
}

/* ---- the plan ---- */

static enum result plan_channel(const struct listening *l, int channel, struct plan *plan)
{
    struct silence_stretch *found = calloc(PLAN_STRETCHES_MAX / CHANNELS, sizeof *found);
    enum result result = found != NULL ? RESULT_OK : RESULT_FAILED;
    size_t count = found != NULL ? silence_find(l->levels[channel], l->blocks, found,
                                                PLAN_STRETCHES_MAX / CHANNELS)
                                 : 0;
    int64_t block = (int64_t)l->block;
    for (size_t i = 0; i < count && result == RESULT_OK; i++) {
        int64_t from = (int64_t)found[i].from * block, frames = (int64_t)found[i].count * block;
        int64_t voiced = (int64_t)found[i].voiced * block;
        frames = from + frames <= l->frames ? frames : l->frames - from;
        voiced = voiced <= frames ? voiced : frames;
        result = plan_add(plan, channel, from, frames, voiced);
    }
    free(found);
    return result;
}

static enum result make_plan(const struct listening *l, struct plan *plan)
{
    bool equal = l->difference * EQUAL_TIMES <= l->energy;
    plan->rate = l->sound->rate;
    plan->channels = channels_of(l) == CHANNELS && !equal ? CHANNELS : 1;
    plan->frames = l->frames;
    plan->sum = l->sum;
    enum result result = RESULT_OK;
    for (int c = 0; c < plan->channels && result == RESULT_OK; c++) {
        result = plan_channel(l, c, plan);
    }
    return result;
}

/* ---- what goes out ---- */

static enum result write_held(struct listening *l)
{
    const unsigned char *at = l->bytes;
    while (l->held > 0) {
        ssize_t n = write(l->out, at, l->held);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return RESULT_FAILED;
        }
        at += n;
        l->held -= (size_t)n;
    }
    return RESULT_OK;
}

static enum result put(struct listening *l, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    if ((int64_t)len > l->room) {
        return RESULT_INVALID;
    }
    l->room -= (int64_t)len;
    while (len > 0) {
        size_t room = HELD_MAX - l->held, n = len < room ? len : room;
        memcpy(l->bytes + l->held, at, n);
        l->held += n;
        at += n;
        len -= n;
        if (l->held == HELD_MAX && write_held(l) != RESULT_OK) {
            return RESULT_FAILED;
        }
    }
    return RESULT_OK;
}

static enum result write_plan(struct listening *l, const struct plan *plan)
{
    struct buf text;
    buf_init(&text, PLAN_TEXT_MAX);
    plan_print(plan, &text);
    enum result result = buf_ok(&text) ? put(l, text.data, text.len) : RESULT_TOO_BIG;
    buf_free(&text);
    return result;
}

static enum result write_gap(struct listening *l, int64_t frames)
{
    enum result result = RESULT_OK;
    memset(l->samples, 0, l->block * sizeof *l->samples);
    while (frames > 0 && result == RESULT_OK) {
        size_t n = frames < (int64_t)l->block ? (size_t)frames : l->block;
        result = put(l, l->samples, n * sizeof *l->samples);
        frames -= (int64_t)n;
    }
    return result;
}

/* The frames of this block that belong to the stretch; `start` is the block's first frame. */
static enum result write_block(struct listening *l, const struct plan_stretch *s, int64_t start,
                               int64_t frames)
{
    size_t step = (size_t)l->sound->channels;
    int64_t from = s->from > start ? s->from - start : 0;
    int64_t to = s->from + s->frames < start + frames ? s->from + s->frames - start : frames;
    size_t n = 0;
    for (int64_t i = from; i < to; i++) {
        l->samples[n++] = l->samples[(size_t)i * step + (size_t)s->channel];
    }
    return put(l, l->samples, n * sizeof *l->samples);
}

/* Stretches begin and end where blocks do, so a block belongs to one at most. */
static enum result write_stream(struct listening *l, const struct plan *plan, int channel)
{
    size_t i = 0;
    int64_t start = 0, written = 0, n = 1;
    enum result result = l->sound->rewind(l->sound->context);
    while (i < plan->count && plan->stretches[i].channel < channel) {
        i++;
    }
    for (; result == RESULT_OK && n > 0; start += n) {
        n = read_block(l);
        const struct plan_stretch *s = i < plan->count ? &plan->stretches[i] : NULL;
        if (s == NULL || s->channel != channel || n == 0) {
            break;
        }
        if (start < s->from) {
            continue;
        }
        result = write_block(l, s, start, n);
        written = start + n - s->from;
        if (written >= s->frames && result == RESULT_OK) {
            const struct plan_stretch *next = ++i < plan->count ? &plan->stretches[i] : NULL;
            bool more = next != NULL && next->channel == channel;
            result = more ? write_gap(l, next->at - s->at - s->frames) : RESULT_OK;
        }
    }
    return result;
}

static enum result listen_and_write(struct listening *l, struct plan *plan)
{
    enum result result = measure(l);
    if (result == RESULT_OK) {
        result = make_plan(l, plan);
    }
    if (result == RESULT_OK) {
        result = write_plan(l, plan);
    }
    for (int c = 0; c < plan->channels && result == RESULT_OK; c++) {
        result = write_stream(l, plan, c);
    }
    return result == RESULT_OK ? write_held(l) : result;
}

enum result listening_write(const struct listening_sound *sound, int out, int64_t most)
{
    struct listening *l = calloc(1, sizeof *l);
    struct plan plan = {0};
    if (l == NULL) {
        return RESULT_FAILED;
    }
    l->sound = sound;
    l->out = out;
    l->room = most;
    l->block = (size_t)sound->rate * SILENCE_BLOCK_MS / 1000;
    l->samples = calloc(l->block * (size_t)sound->channels, sizeof *l->samples);
    enum result result = l->samples != NULL ? listen_and_write(l, &plan) : RESULT_FAILED;
    plan_free(&plan);
    free(l->samples);
    free(l->levels[0]);
    free(l->levels[1]);
    free(l);
    return result;
}
