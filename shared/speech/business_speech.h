/*
 * What a business tells the models that hear and summarise its calls: the language, the names and
 * terms that are said, and questions of its own. Whoever writes the CRM's tables chose it, so it
 * comes in bounds and without control characters. Pure.
 *
 * Sources: OpenAI, "Speech to text", "Prompting" (whisper-1 reads 224 tokens of a prompt); Groq
 * refuses one of more than 896 characters (OpenWhispr/openwhispr#405).
 */
#ifndef TAPEDECK_SPEECH_BUSINESS_SPEECH_H
#define TAPEDECK_SPEECH_BUSINESS_SPEECH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum {
    BUSINESS_SPEECH_TOKENS = 224,
    BUSINESS_SPEECH_PROMPT_SIZE = 4 * BUSINESS_SPEECH_TOKENS + 1,
    BUSINESS_SPEECH_LANGUAGE_SIZE = 16,
    BUSINESS_SPEECH_QUESTIONS = 5,
    BUSINESS_SPEECH_QUESTION_MAX = 200, /* bytes */
    BUSINESS_SPEECH_QUESTION_SIZE = BUSINESS_SPEECH_QUESTION_MAX + 1,
};

struct business_speech {
    char language[BUSINESS_SPEECH_LANGUAGE_SIZE]; /* ISO 639-1; "": whichever is spoken */
    bool own_language;                            /* it is not the configured one */
    bool hebrew;                                  /* what we write ourselves is in Hebrew */
    char prompt[BUSINESS_SPEECH_PROMPT_SIZE];     /* for the speech server; "" for none */
    char questions[BUSINESS_SPEECH_QUESTIONS][BUSINESS_SPEECH_QUESTION_SIZE];
    size_t question_count;
};

/* As somebody wrote it: columns of the table, NULL where there is nothing. */
struct business_speech_row {
    const char *language, *words, *prompt, *questions;
};

/* Makes `out` of a row; `configured` is TRANSCRIBE_LANGUAGE, for a row that names none. The prompt
 * comes first and the words behind it, as many of both as whisper reads, cut between two words: a
 * token is reckoned for three ASCII characters, and for each other one. */
void business_speech_read(const struct business_speech_row *row, const char *configured,
                          struct business_speech *out);

/* Appends all that is told, so that two who tell something else differ. */
void business_speech_print(const struct business_speech *speech, struct buf *out);

#endif
