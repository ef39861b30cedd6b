/*
 * Which audio format a file has: its bytes decide, whatever it is called and whatever its header
 * promises.
 */
#ifndef TAPEDECK_STORAGE_AUDIO_H
#define TAPEDECK_STORAGE_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which a recording's file is looked for. */
enum audio_kind {
    AUDIO_UNKNOWN,
    AUDIO_WAV, /* RIFF; also RIFX, RF64 and BW64 */
    AUDIO_MP3,
    AUDIO_FLAC,
    AUDIO_OGG, /* Opus or Vorbis; ".oga" as of RFC 5334 */
    AUDIO_W64,
    AUDIO_KINDS
};

enum audio_verdict {
    AUDIO_GOOD,        /* a recording of that kind */
    AUDIO_MORE,        /* more bytes are needed to tell */
    AUDIO_EMPTY,       /* a header, and no sample behind it */
    AUDIO_UNSUPPORTED, /* sound, of a format that nothing here decodes */
    AUDIO_NONE,        /* no sound; `kind` is what its beginning pretends to be, if anything */
};

struct audio_facts {
    enum audio_kind kind;
    int64_t start; /* of an MP3: where its first frame is, behind tags and stray bytes */
    int64_t said;  /* the size of the whole file by its header; -1: it does not say */
    int64_t end;   /* the same, where the samples that it announces lie within; else -1 */
};

enum {
    AUDIO_HEAD_SIZE = 12, /* without so many bytes it is nothing */
    AUDIO_SLACK = 16      /* so many bytes too many is what headers often say of a whole file */
};

/* Looks at the first `size` bytes of a file, with pread. `whole`: no more will come; then it is
 * never AUDIO_MORE. Reads 70 KiB and a few headers at most. */
enum audio_verdict audio_look(int fd, int64_t size, bool whole, struct audio_facts *out);

/* "wav", "mp3", …: file endings, and the kind with such an ending, AUDIO_UNKNOWN when it is none;
 * and what they are served as. */
const char *audio_extension(enum audio_kind kind);
enum audio_kind audio_kind_named(const char *extension, size_t len);
const char *audio_content_type(enum audio_kind kind);

#endif
