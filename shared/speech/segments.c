#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "segments.h"

#include "base/decimal.h"
#include "base/text.h"

enum { GROW = 256, CLOCK_PARTS = 3, MS_DIGITS = 3 };

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n\v\f")] == '\0';
}

/* Its place among the voices, from 1 on; 0 for none, and where there are too many. */
static int voice_of(struct segments *all, const char *name)
{
    if (name == NULL || is_blank(name) || strlen(name) >= SEGMENTS_VOICE_SIZE) {
        return 0;
    }
    int i = 0;
    while (i < all->voice_count && strcmp(all->voices[i], name) != 0) {
        i++;
    }
    if (i == SEGMENTS_VOICES_MAX) {
        return 0;
    }
    if (i == all->voice_count) {
        memcpy(all->voices[all->voice_count++], name, strlen(name) + 1);
    }
    return i + 1;
}

void segments_add(struct segments *all, double start, double end, const char *voice,
                  const char *text)
{
    if (is_blank(text)) {
        return;
    }
    if (all->count == SEGMENTS_MAX) {
        all->failed = true;
        return;
    }
    if (all->count % GROW == 0) {
        struct segment *larger = realloc(all->list, (all->count + GROW) * sizeof *all->list);
        if (larger == NULL) {
            all->failed = true;
            return;
        }
        all->list = larger;
    }
    char *copy = text_copy(text);
    if (copy == NULL) {
        all->failed = true;
        return;
    }
    all->list[all->count] = (struct segment){.start = start,
                                             .end = end,
                                             .came = all->count,
                                             .voice = voice_of(all, voice),
                                             .text = copy};
    all->count++;
}

void segments_free(struct segments *all)
{
    for (size_t i = 0; all != NULL && i < all->count; i++) {
        free(all->list[i].text);
    }
    if (all != NULL) {
        free(all->list);
        *all = (struct segments){.list = NULL};
    }
}

bool segments_have_times(const struct segments *all)
{
    bool found = false;
    for (size_t i = 0; i < all->count && !found; i++) {
        found = isfinite(all->list[i].start) || isfinite(all->list[i].end);
    }
    return found;
}

/* ---- times ---- */

/* What is behind the last number: SubRip writes milliseconds behind a comma. */
static double rest_of(const char *text, double *sum)
{
    double ms = 0;
    if (*text == ',') {
        size_t len = decimal_read(text + 1, &ms);
        *sum += len == MS_DIGITS && ms >= 0 ? ms / 1000 : 0;
        text += 1 + len;
    }
    return *text == '\0' || *text == ' ' || *text == 's' ? *sum : NAN;
}

double segment_time(const char *text)
{
    double sum = 0, number = 0;
    while (*text == ' ') {
        text++;
    }
    for (int part = 0; part < CLOCK_PARTS; part++) {
        size_t len = decimal_read(text, &number);
        if (len == 0) {
            return NAN;
        }
        sum = sum * 60 + number;
        text += len;
        if (*text != ':') {
            break;
        }
        text++;
    }
    return rest_of(text, &sum);
}

/* How many of all times that are not zero lie beyond `most`. */
static bool lie_beyond(const struct segment *segments, size_t count, double most)
{
    size_t known = 0, beyond = 0;
    for (size_t i = 0; i < count; i++) {
        const double times[] = {segments[i].start, segments[i].end};
        for (size_t k = 0; k < sizeof times / sizeof *times; k++) {
            known += times[k] > 0;
            beyond += times[k] > most;
        }
    }
    return beyond * 2 > known;
}

/* Some servers count in milliseconds, microseconds or nanoseconds: most of what they say lies far
 * beyond the piece's end. */
static double scale_of(const struct segment *segments, size_t count, double length)
{
    static const double SCALES[] = {1, 1e3, 1e6, 1e9};
    double most = length * 2 + 30;
    size_t i = 0;
    while (i + 1 < sizeof SCALES / sizeof *SCALES &&
           lie_beyond(segments, count, most * SCALES[i])) {
        i++;
    }
    return SCALES[i];
}

static double clamped(double time, double scale, double length)
{
    time /= scale;
    return time < 0 ? 0 : time > length ? length : time;
}

static int by_start(const void *a, const void *b)
{
    const struct segment *one = a, *other = b;
    if (one->start != other->start) {
        return one->start < other->start ? -1 : 1;
    }
    return one->came < other->came ? -1 : 1;
}

static void number_voices(struct segments *all)
{
    int numbers[SEGMENTS_VOICES_MAX + 1] = {0}, next = 1;
    for (size_t i = 0; i < all->count; i++) {
        struct segment *s = &all->list[i];
        if (s->voice > 0 && numbers[s->voice] == 0) {
            numbers[s->voice] = next++;
        }
        s->voice = all->voice_count > 1 ? numbers[s->voice] : 0;
    }
}

void segments_put_right(struct segments *all, double length)
{
    struct segment *segments = all->list;
    size_t count = all->count;
    double scale = scale_of(segments, count, length), before = 0;
    for (size_t i = 0; i < count; i++) {
        struct segment *s = &segments[i];
        s->start = isfinite(s->start) ? clamped(s->start, scale, length) : before;
        s->end = isfinite(s->end) && s->end >= 0 ? clamped(s->end, scale, length) : -1;
        s->end = s->end > s->start ? s->end : -1;
        before = s->end >= 0 ? s->end : s->start;
    }
    if (count > 1) {
        qsort(segments, count, sizeof *segments, by_start);
    }
    double next = length;
    for (size_t i = count; i > 0; i--) {
        struct segment *s = &segments[i - 1];
        double open_end = next > s->start ? next : s->start;
        s->end = s->end < 0 ? open_end : s->end;
        next = s->start < next ? s->start : next;
    }
    number_voices(all);
}
