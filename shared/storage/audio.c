#include "audio.h"

#include <string.h>

#include "base/read_at.h"
#include "mpeg.h"
#include "wave.h"

enum {
    TAGS_MAX = 8,
    BLOCKS_MAX = 128, /* of a FLAC file's head */
    SCAN = 64 * 1024, /* how far an MP3's first frame is looked for */
    WINDOW = SCAN + MPEG_FRAMES * MPEG_FRAME_MAX,
    PAGE_HEAD = 27 /* of Ogg, without its table */
};

_Static_assert((int)WAVE_HEAD >= (int)MPEG_TAG_HEAD, "one head serves both");

struct file {
    int fd;
    int64_t size;
    bool whole;
    int64_t at;                    /* behind tags */
    unsigned char head[WAVE_HEAD]; /* what is there; zeros where the file is shorter */
};

static void read_head(struct file *file)
{
    size_t len = file->size - file->at < WAVE_HEAD ? (size_t)(file->size - file->at) : WAVE_HEAD;
    memset(file->head, 0, sizeof file->head);
    if (file->at < file->size) {
        (void)read_at(file->fd, file->at, file->head, len);
    }
}

/* True when there were any. One that claims to go beyond the end of the file lies. */
static bool skip_tags(struct file *file)
{
    int64_t size;
    bool any = false;
    read_head(file);
    for (int i = 0; i < TAGS_MAX && (size = mpeg_tag_size(file->head)) > 0; i++) {
        any = true;
        if (file->whole && file->at + size > file->size) {
            break;
        }
        file->at += size;
        read_head(file);
    }
    return any;
}

/* ---- each kind ---- */

static enum audio_verdict look_at_wave(const struct file *file, struct audio_facts *out)
{
    enum wave_form form = wave_form_of(file->head);
    struct wave_facts wave = wave_look(file->fd, form, file->size, file->whole);
    out->kind = form == WAVE_W64 ? AUDIO_W64 : AUDIO_WAV;
    out->said = wave.said;
    if (wave.data_at >= 0 && wave.data_size >= 0 && wave.data_at + wave.data_size <= wave.said) {
        out->end = wave.said;
    }
    if (wave.samples) {
        return AUDIO_GOOD;
    }
    return file->whole ? AUDIO_EMPTY : AUDIO_MORE;
}

/* Each block of its head begins with one byte of kind, the last one marked, and three of size (RFC
 * 9639, 8.1). */
static enum audio_verdict look_at_flac(const struct file *file, struct audio_facts *out)
{
    enum { MAGIC = 4, LAST = 0x80 };
    unsigned char block[4] = "";
    int64_t at = file->at + MAGIC;
    out->kind = AUDIO_FLAC;
    for (int i = 0; i < BLOCKS_MAX && (block[0] & LAST) == 0; i++) {
        if (read_at(file->fd, at, block, sizeof block) != sizeof block) {
            break;
        }
        at += 4 + ((int64_t)block[1] << 16 | (int64_t)block[2] << 8 | block[3]);
    }
    if (at < file->size) {
        return AUDIO_GOOD;
    }
    return file->whole ? AUDIO_EMPTY : AUDIO_MORE;
}

/* Its pages' heads have no sound: the granule position of theirs is 0 (RFC 7845, 4; Vorbis I, A.2).
 */
static bool ogg_has_sound(const unsigned char *bytes, size_t len)
{
    static const unsigned char NONE[8];
    for (size_t at = 0; at + PAGE_HEAD <= len; at++) {
        if (memcmp(bytes + at, "OggS", 4) == 0 && memcmp(bytes + at + 6, NONE, sizeof NONE) != 0) {
            return true;
        }
    }
    return false;
}

/* The first page has one packet, which names the codec (RFC 3533, 6). */
static enum audio_verdict look_at_ogg(const struct file *file, const unsigned char *bytes,
                                      size_t len, struct audio_facts *out)
{
    enum { VERSION = 4, FLAGS = 5, SEGMENTS = 26, FIRST_PAGE = 2, NAME = 8 };
    if (bytes[VERSION] != 0 || (bytes[FLAGS] & FIRST_PAGE) == 0) {
        return AUDIO_NONE;
    }
    size_t packet = PAGE_HEAD + (len > SEGMENTS ? bytes[SEGMENTS] : 0);
    if (packet + NAME > len) {
        return file->whole ? AUDIO_NONE : AUDIO_MORE;
    }
    if (memcmp(bytes + packet, "OpusHead", 8) != 0 && memcmp(bytes + packet, "\1vorbis", 7) != 0) {
        return AUDIO_UNSUPPORTED;
    }
    out->kind = AUDIO_OGG;
    if (len == WINDOW || ogg_has_sound(bytes, len)) {
        return AUDIO_GOOD;
    }
    return file->whole ? AUDIO_EMPTY : AUDIO_MORE;
}

/* Sound that somebody could play, and nothing here decodes. */
static bool is_of_others(const unsigned char *head)
{
    static const struct {
        size_t at;
        const char *bytes;
    } MAGIC[] = {{4, "ftyp"}, {0, "caff"}, {0, ".snd"}, {0, "#!AMR"}, {8, "AIFF"}, {8, "AIFC"}};
    for (size_t i = 0; i < sizeof MAGIC / sizeof *MAGIC; i++) {
        if (memcmp(head + MAGIC[i].at, MAGIC[i].bytes, strlen(MAGIC[i].bytes)) == 0) {
            return true;
        }
    }
    return memcmp(head, "\x30\x26\xb2\x75", 4) == 0 || memcmp(head, "\x1a\x45\xdf\xa3", 4) == 0;
}

/* A page or a document: no frame will follow, and nobody waits for more of it. */
static bool is_text(const unsigned char *head)
{
    for (int i = 0; i < AUDIO_HEAD_SIZE; i++) {
        bool space = head[i] == '\t' || head[i] == '\n' || head[i] == '\r';
        if ((head[i] < ' ' && !space) || head[i] > '~') {
            return false;
        }
    }
    return true;
}

static enum audio_verdict look_at_mpeg(const struct file *file, bool tagged,
                                       const unsigned char *bytes, size_t len,
                                       struct audio_facts *out)
{
    bool all = file->at + (int64_t)len >= file->size && file->whole;
    int64_t first = mpeg_find(bytes, len, all);
    if (first >= 0 && first < SCAN) {
        out->kind = AUDIO_MP3;
        out->start = file->at + first;
        return AUDIO_GOOD;
    }
    if (!file->whole && len < WINDOW && !is_text(file->head)) {
        return AUDIO_MORE;
    }
    out->kind = tagged || mpeg_frame_size(file->head) > 0 ? AUDIO_MP3 : AUDIO_UNKNOWN;
    return AUDIO_NONE;
}

static enum audio_verdict look_into(const struct file *file, bool tagged, struct audio_facts *out)
{
    int64_t left = file->size - file->at;
    size_t len = left < WINDOW ? (size_t)left : WINDOW;
    unsigned char bytes[WINDOW];
    len = read_at(file->fd, file->at, bytes, len);
    return memcmp(file->head, "OggS", 4) == 0 ? look_at_ogg(file, bytes, len, out)
                                              : look_at_mpeg(file, tagged, bytes, len, out);
}

enum audio_verdict audio_look(int fd, int64_t size, bool whole, struct audio_facts *out)
{
    struct file file = {.fd = fd, .size = size, .whole = whole};
    *out = (struct audio_facts){.said = -1, .end = -1};
    bool tagged = skip_tags(&file);
    if (file.size - file.at < AUDIO_HEAD_SIZE) {
        out->kind = tagged ? AUDIO_MP3 : AUDIO_UNKNOWN;
        return whole ? AUDIO_NONE : AUDIO_MORE;
    }
    if (!tagged && wave_form_of(file.head) != WAVE_NONE) {
        return look_at_wave(&file, out);
    }
    if (memcmp(file.head, "fLaC", 4) == 0) {
        return look_at_flac(&file, out);
    }
    return is_of_others(file.head) ? AUDIO_UNSUPPORTED : look_into(&file, tagged, out);
}

/* ---- names ---- */

static const struct {
    const char *extension, *type;
} NAMES[AUDIO_KINDS] = {
    [AUDIO_UNKNOWN] = {"", "application/octet-stream"},
    [AUDIO_WAV] = {"wav", "audio/wav"},
    [AUDIO_MP3] = {"mp3", "audio/mpeg"},
    [AUDIO_FLAC] = {"flac", "audio/flac"},
    [AUDIO_OGG] = {"oga", "audio/ogg"},
    [AUDIO_W64] = {"w64", "audio/x-w64"},
};

const char *audio_extension(enum audio_kind kind)
{
    return NAMES[kind].extension;
}

enum audio_kind audio_kind_named(const char *extension, size_t len)
{
    for (int kind = AUDIO_UNKNOWN + 1; kind < AUDIO_KINDS; kind++) {
        const char *name = NAMES[kind].extension;
        if (strlen(name) == len && memcmp(name, extension, len) == 0) {
            return (enum audio_kind)kind;
        }
    }
    return AUDIO_UNKNOWN;
}

const char *audio_content_type(enum audio_kind kind)
{
    return NAMES[kind].type;
}
