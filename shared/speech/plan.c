#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { RATE_MIN = 1000, RATE_MAX = 384000, GROW = 64, SILENT_PERCENT = 15 };

static const char HEAD[] = "speech";
static const char TAIL[] = "end";
static const int64_t FRAMES_MAX = (int64_t)RATE_MAX * 7 * 86400; /* a week */

void plan_free(struct plan *plan)
{
    if (plan != NULL) {
        free(plan->stretches);
        *plan = (struct plan){0};
    }
}

/* ---- making one ---- */

static enum result append(struct plan *plan, const struct plan_stretch *stretch)
{
    if (plan->count >= PLAN_STRETCHES_MAX) {
        return RESULT_TOO_BIG;
    }
    if (plan->count % GROW == 0) {
        size_t room = (plan->count + GROW) * sizeof *plan->stretches;
        struct plan_stretch *larger = realloc(plan->stretches, room);
        if (larger == NULL) {
            return RESULT_FAILED;
        }
        plan->stretches = larger;
    }
    plan->stretches[plan->count++] = *stretch;
    return RESULT_OK;
}

enum result plan_add(struct plan *plan, int channel, int64_t from, int64_t frames, int64_t voiced)
{
    int64_t end = plan_stream_frames(plan, channel);
    int64_t gap = end > 0 ? (int64_t)plan->rate * PLAN_GAP_MS / 1000 : 0;
    struct plan_stretch stretch = {
        .channel = channel, .at = end + gap, .from = from, .frames = frames, .voiced = voiced};
    return append(plan, &stretch);
}

void plan_print(const struct plan *plan, struct buf *out)
{
    buf_format(out, "%s %d %d %lld %u\n", HEAD, plan->rate, plan->channels, (long long)plan->frames,
               plan->sum);
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_stretch *s = &plan->stretches[i];
        buf_format(out, "%d %lld %lld %lld\n", s->channel, (long long)s->from, (long long)s->frames,
                   (long long)s->voiced);
    }
    buf_format(out, "%s\n", TAIL);
}

/* ---- reading one ---- */

struct reading {
    const char *at, *end;
};

/* The next word, up to a blank or the line's end, which is passed over. NULL when there is none. */
static const char *next_word(struct reading *r, size_t *len, char *stop)
{
    const char *word = r->at;
    while (r->at < r->end && *r->at != ' ' && *r->at != '\n') {
        r->at++;
    }
    if (r->at == r->end || r->at == word) {
        return NULL;
    }
    *len = (size_t)(r->at - word);
    *stop = *r->at++;
    return word;
}

/* `count` numbers that end with the line. */
static bool read_numbers(struct reading *r, int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len;
        char stop;
        const char *word = next_word(r, &len, &stop);
        if (word == NULL || !text_int_n(word, len, 0, FRAMES_MAX, &numbers[i]) ||
            stop != (i + 1 < count ? ' ' : '\n')) {
            return false;
        }
    }
    return true;
}

static bool read_word(struct reading *r, const char *wanted, char wanted_stop)
{
    size_t len;
    char stop;
    const char *word = next_word(r, &len, &stop);
    return word != NULL && len == strlen(wanted) && memcmp(word, wanted, len) == 0 &&
           stop == wanted_stop;
}

/* After the one before, in its channel or a later one, and within the recording. */
static bool follows(const struct plan *plan, const int64_t *n)
{
    const struct plan_stretch *last = plan->count > 0 ? &plan->stretches[plan->count - 1] : NULL;
    bool in_order = last == NULL || n[0] > last->channel ||
                    (n[0] == last->channel && n[1] >= last->from + last->frames);
    return in_order && n[0] < plan->channels && n[2] > 0 && n[3] <= n[2] &&
           n[1] + n[2] <= plan->frames;
}

static enum result read_head(struct reading *r, struct plan *out)
{
    int64_t n[4];
    if (!read_word(r, HEAD, ' ') || !read_numbers(r, n, 4) || n[0] < RATE_MIN || n[0] > RATE_MAX ||
        n[1] < 1 || n[1] > 2 || n[3] > UINT32_MAX) {
        return RESULT_INVALID;
    }
    out->rate = (int)n[0];
    out->channels = (int)n[1];
    out->frames = n[2];
    out->sum = (uint32_t)n[3];
    return RESULT_OK;
}

enum result plan_read(const char *text, size_t len, struct plan *out, size_t *used)
{
    struct reading r = {.at = text, .end = text + len};
    *out = (struct plan){0};
    enum result result = read_head(&r, out);
    while (result == RESULT_OK) {
        struct reading line = r;
        int64_t n[4];
        if (read_word(&line, TAIL, '\n')) {
            *used = (size_t)(line.at - text);
            return RESULT_OK;
        }
        result = read_numbers(&r, n, 4) && follows(out, n)
                     ? plan_add(out, (int)n[0], n[1], n[2], n[3])
                     : RESULT_INVALID;
    }
    plan_free(out);
    return result;
}

/* ---- asking it ---- */

int64_t plan_stream_frames(const struct plan *plan, int channel)
{
    for (size_t i = plan->count; i > 0; i--) {
        const struct plan_stretch *s = &plan->stretches[i - 1];
        if (s->channel == channel) {
            return s->at + s->frames;
        }
    }
    return 0;
}

int64_t plan_voiced_ms(const struct plan *plan)
{
    int64_t frames = 0;
    for (size_t i = 0; i < plan->count; i++) {
        frames += plan->stretches[i].voiced;
    }
    return plan->rate > 0 ? frames * 1000 / plan->rate : 0;
}

int64_t plan_time_ms(const struct plan *plan, int channel, int64_t frame, bool is_end)
{
    int64_t found = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_stretch *s = &plan->stretches[i];
        if (s->channel != channel) {
            continue;
        }
        if (frame < s->at || (is_end && frame == s->at)) {
            found = is_end ? found : s->from;
            break;
        }
        int64_t inside = frame - s->at;
        bool here = inside < s->frames || (is_end && inside == s->frames);
        found = s->from + (here ? inside : s->frames);
        if (here) {
            break;
        }
    }
    return found * 1000 / plan->rate;
}

bool plan_is_silent(const struct plan *plan, int channel, int64_t from, int64_t to)
{
    int64_t loud = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_stretch *s = &plan->stretches[i];
        int64_t begin = from > s->at ? from : s->at;
        int64_t end = to < s->at + s->frames ? to : s->at + s->frames;
        if (s->channel == channel && begin < end) {
            loud += (end - begin) * s->voiced / s->frames;
        }
    }
    return to <= from || loud * 100 < (to - from) * SILENT_PERCENT;
}

bool plan_next_piece(const struct plan *plan, int64_t frames_max, struct plan_piece *piece)
{
    int64_t done = piece->at + piece->frames;
    size_t i = 0;
    while (i < plan->count && (plan->stretches[i].channel < piece->channel ||
                               (plan->stretches[i].channel == piece->channel &&
                                plan->stretches[i].at + plan->stretches[i].frames <= done))) {
        i++;
    }
    if (i == plan->count || frames_max < 1) {
        return false;
    }
    const struct plan_stretch *first = &plan->stretches[i];
    int64_t at = first->channel == piece->channel && done > first->at ? done : first->at;
    int64_t end = first->at + first->frames;
    for (; i < plan->count && plan->stretches[i].channel == first->channel; i++) {
        int64_t next = plan->stretches[i].at + plan->stretches[i].frames;
        if (next - at <= frames_max) {
            end = next;
        }
    }
    int64_t frames = end - at < frames_max ? end - at : frames_max;
    *piece = (struct plan_piece){.channel = first->channel, .at = at, .frames = frames};
    return true;
}
