/*
 * A value without quotes, as JSON: of json_repair.h. Pure.
 */
#ifndef TAPEDECK_SPEECH_JSON_WORD_H
#define TAPEDECK_SPEECH_JSON_WORD_H

#include <stddef.h>

/* `word` itself, another word for it, or a number in JSON's form, which is written to `room`. NULL
 * for a word that means nothing. */
const char *json_word(const char *word, char *room, size_t size);

#endif
