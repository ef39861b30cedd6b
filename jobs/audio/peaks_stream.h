/*
 * The waveform of a recording, from its bytes as they go by: no decoder, no process, and no second
 * reading. It is the one that the decoder makes of the finished file, byte for byte;
 * of a recording for which that cannot be promised there is none, and a child makes it.
 *
 * Memory does not grow with the recording.
 */
#ifndef TAPEDECK_JOBS_AUDIO_PEAKS_STREAM_H
#define TAPEDECK_JOBS_AUDIO_PEAKS_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

struct peaks_stream;

/* NULL without memory, which every function here takes as: no waveform. peaks_stream_free(NULL) is
 * safe. */
struct peaks_stream *peaks_stream_new(void);
void peaks_stream_free(struct peaks_stream *stream);

/* The recording's next bytes, from its first on. */
void peaks_stream_add(struct peaks_stream *stream, const char *bytes, size_t len);

/* Appends the document of what has gone by so far. RESULT_NOT_FOUND: there is none yet, or a
 * decoder has to make it. */
enum result peaks_stream_print(const struct peaks_stream *stream, struct buf *out);

/* Begins anew, with the first byte of another file. */
void peaks_stream_rewind(struct peaks_stream *stream);

/* The same when all `size` bytes of the file have been seen; `fd` is that file, whose header is
 * looked at once more. RESULT_NOT_FOUND: a decoder has to make it. */
enum result peaks_stream_finish(const struct peaks_stream *stream, int fd, int64_t size,
                                struct buf *out);

#endif
