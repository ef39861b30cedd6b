/*
 * Who said what, and when: the sentences of a call. Pure but for memory.
 */
#ifndef TAPEDECK_SPEECH_TALK_H
#define TAPEDECK_SPEECH_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"
#include "config/config.h"

enum { TALK_VOICES = 8, TALK_SENTENCES_MAX = 400000, TALK_TEXT_MAX = 16 * 1024 * 1024 };

/* `call` where both are on one channel, and nobody can say who speaks; one of TALK_VOICES from
 * TALK_FIRST_VOICE on where a server tells apart voices, and not whose they are. */
enum talk_speaker {
    TALK_AGENT,
    TALK_CUSTOMER,
    TALK_CALL,
    TALK_FIRST_VOICE,
    TALK_LAST_VOICE = TALK_FIRST_VOICE + TALK_VOICES - 1,
};

struct talk_sentence {
    enum talk_speaker speaker;
    int64_t start_ms, end_ms;
    char *text; /* owned; trimmed, not empty, without line breaks */
};

struct talk {
    struct talk_sentence *sentences; /* owned */
    size_t count;
    size_t bytes; /* of all texts */
};

/* talk_free(NULL) and a zeroed talk are safe. */
void talk_free(struct talk *talk);

/* Adds a copy. A blank text is passed over. RESULT_TOO_BIG, RESULT_FAILED without memory. */
enum result talk_add(struct talk *talk, enum talk_speaker speaker, int64_t start_ms, int64_t end_ms,
                     const char *text);

/* By time; what begins together stays in the order it came. */
void talk_sort(struct talk *talk);

/* How long somebody speaks, all sentences together. */
int64_t talk_spoken_ms(const struct talk *talk);

/* Who is on the first of two channels, as SPEAKER_CHANNELS says; by direction it is the parent leg,
 * which is the customer's in an inbound call and ours in an outbound one (Twilio, "Dual-channel
 * recordings"). */
enum talk_speaker talk_first_speaker(const struct config *config, bool inbound);

/* "agent", "customer", "call", "speaker_1" and so on: the words of the API. */
const char *talk_speaker_name(enum talk_speaker speaker);

/* A line for each turn: who speaks, in Hebrew or English, and what; only the text where nobody can
 * say who. */
void talk_print(const struct talk *talk, bool hebrew, struct buf *out);

/* [{"speaker":…,"start":…,"end":…,"text":…}], in seconds. */
enum result talk_print_json(const struct talk *talk, struct buf *out);

/* The sentences from the number `from` on, a line each, and such lines added to it again: to be
 * kept. RESULT_INVALID: they are none. */
void talk_print_lines(const struct talk *talk, size_t from, struct buf *out);
enum result talk_read_lines(struct talk *talk, const char *lines);

/* True for what a model writes where it hears no words: a mark of music or noise in brackets, and
 * sentences of films that it learnt from. */
bool talk_is_no_speech(const char *text);

/* True for a sentence that speech models make up where nobody speaks, in Hebrew or English. */
bool talk_is_silence_phrase(const char *text);

#endif
