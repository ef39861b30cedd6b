#include "hit_marks.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 256, SOH = 1, ALEF = 0x5d0, TAV = 0x5ea, MAQAF = 0x5be };

/* A word as code points, without points. */
struct word {
    uint32_t letters[WORD_MAX];
    size_t length;
};

/* The next code point; what is no UTF-8 is taken byte by byte. */
static uint32_t next(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    size_t more = bytes[0] >= 0xf0 ? 3 : bytes[0] >= 0xe0 ? 2 : bytes[0] >= 0xc0 ? 1 : 0;
    uint32_t code = bytes[0] & (more == 0 ? 0xff : 0x3f >> more);
    for (size_t i = 1; i <= more; i++) {
        if ((bytes[i] & 0xc0) != 0x80) {
            *at += 1;
            return bytes[0];
        }
        code = code << 6 | (bytes[i] & 0x3f);
    }
    *at += more + 1;
    return code;
}

/* Hebrew points and accents; a maqaf stands among them, and parts words. */
static bool is_point(uint32_t code)
{
    return code >= 0x591 && code <= 0x5c7 && code != MAQAF;
}

static bool is_hebrew(uint32_t code)
{
    return code >= ALEF && code <= TAV;
}

static bool is_digit(uint32_t code)
{
    return code >= '0' && code <= '9';
}

/* Of what is no ASCII, punctuation of Latin-1, of Hebrew, and of U+2000 to U+206F and U+3000 to
 * U+303F are no letters. */
static bool is_letter(uint32_t code)
{
    if (code < 0x80) {
        return is_digit(code) || (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    }
    return !(code < 0xc0 && code != 0xaa && code != 0xb5 && code != 0xba) && code != 0xd7 &&
           code != 0xf7 && code != MAQAF && code != 0x5f3 && code != 0x5f4 &&
           !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f);
}

/* What may be written in one with a Hebrew word: one of these letters, or one of these pairs (240).
 */
static bool is_one(const uint32_t *letters)
{
    static const uint32_t ONES[] = {0x5d4, 0x5d5, 0x5d1, 0x5dc, 0x5de, 0x5e9, 0x5db};
    for (size_t i = 0; i < sizeof ONES / sizeof *ONES; i++) {
        if (letters[0] == ONES[i]) {
            return true;
        }
    }
    return false;
}

static bool is_pair(const uint32_t *letters)
{
    enum {
        HE = 0x5d4,
        VAV = 0x5d5,
        BET = 0x5d1,
        LAMED = 0x5dc,
        MEM = 0x5de,
        SHIN = 0x5e9,
        KAF = 0x5db
    };
    uint32_t a = letters[0], b = letters[1];
    bool bet_lamed_mem = b == BET || b == LAMED || b == MEM;
    return (a == VAV && (is_one(letters + 1) && b != VAV)) ||
           (a == SHIN && (bet_lamed_mem || b == HE || b == KAF)) ||
           ((a == BET || a == LAMED || a == MEM) && b == HE) || (a == KAF && b == SHIN) ||
           (a == LAMED && b == KAF);
}

static bool begins(const struct word *word, size_t skip, const uint32_t *stem, size_t length,
                   bool whole)
{
    return word->length >= skip + length && (!whole || word->length == skip + length) &&
           memcmp(word->letters + skip, stem, length * sizeof *stem) == 0;
}

/* The word itself, or behind what is written in one with it. */
static bool has_stem(const struct word *word, const uint32_t *stem, size_t length, bool whole)
{
    if (begins(word, 0, stem, length, whole)) {
        return true;
    }
    if (length < 2 || !is_hebrew(stem[0]) || !is_hebrew(stem[1])) {
        return false;
    }
    return (is_one(word->letters) && begins(word, 1, stem, length, whole)) ||
           (word->length > 2 && is_pair(word->letters) && begins(word, 2, stem, length, whole));
}

/* How many letters follow that are Hebrew, up to three. */
static bool are_three(const struct word *word, size_t from)
{
    return word->length >= from + 3 && is_hebrew(word->letters[from]) &&
           is_hebrew(word->letters[from + 1]) && is_hebrew(word->letters[from + 2]);
}

static bool finds(const struct word *sought, const struct word *word)
{
    bool whole = true;
    for (size_t i = 0; i < sought->length; i++) {
        whole = whole && is_digit(sought->letters[i]);
    }
    for (size_t skip = 0; skip <= 2; skip++) {
        bool may = skip == 0 || (are_three(sought, skip) && is_one(sought->letters) &&
                                 (skip == 1 || is_one(sought->letters + 1)));
        if (may && has_stem(word, sought->letters + skip, sought->length - skip, whole)) {
            return true;
        }
    }
    return false;
}

/* The words of the search, one after the other. */
static bool is_found(const struct word *word, const char *words)
{
    struct word sought = {.length = 0};
    while (true) {
        if (*words == '\0' || *words == SOH) {
            if (sought.length > 0 && finds(&sought, word)) {
                return true;
            }
            if (*words == '\0') {
                return false;
            }
            sought.length = 0;
            words++;
            continue;
        }
        uint32_t code = next(&words);
        if (sought.length < WORD_MAX) {
            sought.letters[sought.length++] = code;
        }
    }
}

size_t hit_marks(const char *lowered, const char *words, struct hit_mark marks[HIT_MARKS_MAX])
{
    struct word word = {.length = 0};
    size_t count = 0, at = 0, start = 0, end = 0;
    bool ends = false;
    while (!ends && count < HIT_MARKS_MAX) {
        ends = *lowered == '\0';
        uint32_t code = ends ? ' ' : next(&lowered);
        size_t units = code > 0xffff ? 2 : 1;
        if (is_point(code)) {
            end = word.length > 0 ? at + units : end;
        } else if (is_letter(code)) {
            start = word.length == 0 ? at : start;
            end = at + units;
            if (word.length < WORD_MAX) {
                word.letters[word.length++] = code;
            }
        } else {
            if (word.length > 0 && is_found(&word, words)) {
                marks[count++] = (struct hit_mark){start, end};
            }
            word.length = 0;
        }
        at += units;
    }
    return count;
}
