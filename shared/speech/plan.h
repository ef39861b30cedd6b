/*
 * Which parts of a recording are sent to the speech server: its stretches of speech, channel by
 * channel, one after the other with a short silence between. Pure.
 *
 * The stretches of a channel make its stream. The streams follow each other as mono 16-bit samples.
 * Times of a stream are translated back into times of the recording. The plan is text, so that a
 * child can write it before the samples.
 */
#ifndef TAPEDECK_SPEECH_PLAN_H
#define TAPEDECK_SPEECH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum {
    PLAN_STRETCHES_MAX = 20000, /* both channels together */
    PLAN_TEXT_MAX = 2 * 1024 * 1024,
    PLAN_GAP_MS = 500,
};

struct plan_stretch {
    int channel;
    int64_t at;     /* where its channel's stream has it, in frames */
    int64_t from;   /* where the recording has it */
    int64_t frames; /* how long it is */
    int64_t voiced; /* how much of it is loud */
};

struct plan {
    int rate;                       /* frames a second */
    int channels;                   /* 1 or 2: of a recording whose two are equal, one */
    int64_t frames;                 /* of the recording */
    uint32_t sum;                   /* of its samples: another recording has another */
    struct plan_stretch *stretches; /* owned; by channel, then by time */
    size_t count;
};

/* plan_free(NULL) and a zeroed plan are safe. */
void plan_free(struct plan *plan);

/* Puts a stretch behind its channel's last one. RESULT_TOO_BIG, RESULT_FAILED without memory. */
enum result plan_add(struct plan *plan, int channel, int64_t from, int64_t frames, int64_t voiced);

void plan_print(const struct plan *plan, struct buf *out);

/* Reads what plan_print wrote, as far as the line that ends it; `used` gets its bytes.
 * RESULT_INVALID: it is no plan. The caller frees. */
enum result plan_read(const char *text, size_t len, struct plan *out, size_t *used);

/* How long a channel's stream is, in frames, and how much of all streams is loud, in ms. */
int64_t plan_stream_frames(const struct plan *plan, int channel);
int64_t plan_voiced_ms(const struct plan *plan);

/* A frame of a stream as milliseconds of the recording. Between two stretches it is the beginning
 * of the next one, or, as an end, the end of the one before. */
int64_t plan_time_ms(const struct plan *plan, int channel, int64_t frame, bool is_end);

/* True when hardly anything is loud between two frames of a stream. */
bool plan_is_silent(const struct plan *plan, int channel, int64_t from, int64_t to);

/* One piece to be sent; start from {0}, `channel` 0. */
struct plan_piece {
    int channel;
    int64_t at, frames; /* of its channel's stream */
};

/* The next piece: whole stretches, as many as `frames_max` frames hold; a stretch that is longer
 * alone is cut. False after the last. */
bool plan_next_piece(const struct plan *plan, int64_t frames_max, struct plan_piece *piece);

#endif
