#include "wave.h"

#include <string.h>

#include "base/read_at.h"

enum {
    CHUNKS_MAX = 1000,
    HEADERS_MAX = 1 << 20,  /* what may lie before the samples */
    OTHERS_MAX = 64 * 1024, /* what other chunks behind none take, before that is doubted */
    NARROW_HEAD = 12,
    ID = 4,
    DS64_SIZE = 24 /* of it, what is read: the file's size, the samples' size, their number */
};

static const int64_t NARROW_MAX = 0xffffffff;

struct layout {
    bool wide; /* 16 bytes of name and 8 of size, which counts them too; padded to 8 */
    bool big;  /* the most significant byte first */
};

static struct layout layout_of(enum wave_form form)
{
    return (struct layout){.wide = form == WAVE_W64, .big = form == WAVE_RIFX};
}

struct chunk {
    unsigned char id[ID];
    int64_t body_at, size; /* of its body; -1: more than can be */
};

static const unsigned char W64_RIFF[16] = {'r',  'i',  'f',  'f',  0x2e, 0x91, 0xcf, 0x11,
                                           0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0,    0};

enum wave_form wave_form_of(const unsigned char *head)
{
    if (memcmp(head, W64_RIFF, sizeof W64_RIFF) == 0 && memcmp(head + 24, "wave", ID) == 0) {
        return WAVE_W64;
    }
    if (memcmp(head + 8, "WAVE", ID) != 0) {
        return WAVE_NONE;
    }
    if (memcmp(head, "RIFF", ID) == 0) {
        return WAVE_RIFF;
    }
    if (memcmp(head, "RIFX", ID) == 0) {
        return WAVE_RIFX;
    }
    return memcmp(head, "RF64", ID) == 0 || memcmp(head, "BW64", ID) == 0 ? WAVE_RF64 : WAVE_NONE;
}

/* ---- numbers ---- */

static int64_t number_of(const unsigned char *bytes, size_t len, bool big)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | bytes[big ? i : len - 1 - i];
    }
    return number > INT64_MAX / 2 ? -1 : (int64_t)number;
}

static void put_number(int64_t number, size_t len, bool big, int64_t at, struct wave_patch *out)
{
    *out = (struct wave_patch){.at = at, .len = len};
    for (size_t i = 0; i < len; i++) {
        out->bytes[big ? len - 1 - i : i] = (unsigned char)(number >> (8 * i) & 0xff);
    }
}

int64_t wave_riff_size(const unsigned char *head)
{
    int64_t said = wave_form_of(head) == WAVE_RIFF ? number_of(head + ID, 4, false) : 0;
    return said > 0 && said < WAVE_UNKNOWN_FROM ? said + 8 : -1;
}

/* ---- chunks ---- */

static size_t chunk_head(struct layout layout)
{
    return layout.wide ? 24 : 8;
}

static bool read_chunk(int fd, struct layout layout, int64_t at, int64_t size, struct chunk *out)
{
    unsigned char head[24];
    size_t len = chunk_head(layout);
    if (at + (int64_t)len > size || read_at(fd, at, head, len) != len) {
        return false;
    }
    memcpy(out->id, head, ID);
    out->body_at = at + (int64_t)len;
    out->size = layout.wide ? number_of(head + 16, 8, false) : number_of(head + ID, 4, layout.big);
    if (layout.wide && out->size > 0) {
        out->size = out->size >= (int64_t)len ? out->size - (int64_t)len : 0;
    }
    return true;
}

static bool is_named(const struct chunk *chunk)
{
    for (int i = 0; i < ID; i++) {
        if (chunk->id[i] < ' ' || chunk->id[i] > '~') {
            return false;
        }
    }
    return true;
}

/* Where the next one begins; before the end of this one's head when its size cannot be. */
static int64_t next_at(struct layout layout, const struct chunk *chunk)
{
    int64_t align = layout.wide ? 8 : 2;
    return chunk->size < 0 ? 0 : chunk->body_at + (chunk->size + align - 1) / align * align;
}

/* Is it chunks and nothing else, from here to the end of a whole file? */
static bool is_chunks(int fd, struct layout layout, int64_t at, int64_t size)
{
    struct chunk chunk;
    for (int i = 0; i < CHUNKS_MAX && at < size; i++) {
        if (!read_chunk(fd, layout, at, size, &chunk) || !is_named(&chunk) ||
            next_at(layout, &chunk) <= at) {
            return false;
        }
        at = next_at(layout, &chunk);
    }
    return at == size || at == size + 1; /* the last one's pad byte may be missing */
}

/* ---- the header ---- */

static void read_ds64(int fd, const struct chunk *chunk, struct wave_facts *out)
{
    unsigned char body[DS64_SIZE];
    if (chunk->size >= DS64_SIZE && read_at(fd, chunk->body_at, body, DS64_SIZE) == DS64_SIZE) {
        int64_t said = number_of(body, 8, false);
        out->ds64_at = chunk->body_at;
        out->said = said > 0 ? said + 8 : -1;
        out->data_size = number_of(body + 8, 8, false);
    }
}

static void read_said(int fd, struct layout layout, struct wave_facts *out)
{
    unsigned char size[8];
    size_t len = layout.wide ? 8 : 4;
    if (read_at(fd, layout.wide ? 16 : ID, size, len) == len) {
        int64_t said = number_of(size, len, layout.big);
        bool known = said > 0 && (layout.wide || said < WAVE_UNKNOWN_FROM);
        out->said = known ? said + (layout.wide ? 0 : 8) : -1;
    }
}

/* Behind a size of 0 there may be samples all the same, or only other chunks. */
static bool has_samples(int fd, const struct wave_facts *facts, int64_t size, bool whole)
{
    struct layout layout = layout_of(facts->form);
    struct chunk chunk;
    if (size <= facts->data_at) {
        return false;
    }
    if (facts->data_size != 0) {
        return true;
    }
    if (whole || size - facts->data_at > OTHERS_MAX) {
        return !is_chunks(fd, layout, facts->data_at, size);
    }
    return read_chunk(fd, layout, facts->data_at, size, &chunk) && !is_named(&chunk);
}

static void take_samples(int fd, const struct chunk *chunk, int64_t size, bool whole,
                         struct wave_facts *out)
{
    bool narrow = out->form == WAVE_RIFF || out->form == WAVE_RIFX;
    out->data_at = chunk->body_at;
    if (out->ds64_at < 0 || chunk->size < NARROW_MAX) {
        out->data_size = narrow && chunk->size >= WAVE_UNKNOWN_FROM ? -1 : chunk->size;
    }
    out->samples = has_samples(fd, out, size, whole);
    if (out->data_size == 0 || (whole && out->data_size > size - out->data_at)) {
        out->data_size = -1;
    }
}

struct wave_facts wave_look(int fd, enum wave_form form, int64_t size, bool whole)
{
    struct layout layout = layout_of(form);
    struct wave_facts facts = {
        .form = form, .said = -1, .data_at = -1, .data_size = -1, .ds64_at = -1};
    int64_t at = layout.wide ? WAVE_HEAD : NARROW_HEAD;
    struct chunk chunk;
    read_said(fd, layout, &facts);
    for (int i = 0; i < CHUNKS_MAX && at < HEADERS_MAX; i++) {
        if (!read_chunk(fd, layout, at, size, &chunk)) {
            facts.samples = whole && at > size; /* a decoder may know better */
            return facts;
        }
        if (memcmp(chunk.id, "data", ID) == 0) {
            take_samples(fd, &chunk, size, whole, &facts);
            return facts;
        }
        if (memcmp(chunk.id, "ds64", ID) == 0 && form == WAVE_RF64) {
            read_ds64(fd, &chunk, &facts);
        }
        int64_t next = is_named(&chunk) ? next_at(layout, &chunk) : 0;
        if (next <= at) {
            break;
        }
        at = next;
    }
    facts.samples = true;
    return facts;
}

size_t wave_patches(const struct wave_facts *facts, int64_t size, struct wave_patch *out)
{
    struct layout layout = layout_of(facts->form);
    int64_t there = size - facts->data_at, narrow = size - 8 < NARROW_MAX ? size - 8 : NARROW_MAX;
    size_t n = 0;
    if (facts->form == WAVE_RF64) {
        out[n++] = (struct wave_patch){.len = ID, .bytes = "RF64"};
    }
    if (facts->data_at < 0 || facts->data_size >= 0) {
        return n;
    }
    if (facts->form == WAVE_W64) {
        put_number(size, 8, false, 16, &out[n++]);
        put_number(there + (int64_t)chunk_head(layout), 8, false, facts->data_at - 8, &out[n++]);
    } else if (facts->form == WAVE_RF64 && facts->ds64_at >= 0) {
        put_number(size - 8, 8, false, facts->ds64_at, &out[n++]);
        put_number(there, 8, false, facts->ds64_at + 8, &out[n++]);
    } else {
        put_number(narrow, ID, layout.big, ID, &out[n++]);
        put_number(there < NARROW_MAX ? there : NARROW_MAX, ID, layout.big, facts->data_at - ID,
                   &out[n++]);
    }
    return n;
}
