/*
 * With which fields a speech or chat server is asked. Each server and model refuses others: what it
 * could do without is asked for in another way, or left out. Pure.
 *
 * Sources: OpenAI API reference ("Create transcription": gpt-4o-transcribe has no verbose_json,
 * gpt-4o-transcribe-diarize has diarized_json and needs chunking_strategy); vercel/ai#8214;
 * vllm#14818; LM Studio's bug tracker #189 (no json_object); tmc/langchaingo#1355 (no temperature).
 */
#ifndef TAPEDECK_SPEECH_SHAPE_H
#define TAPEDECK_SPEECH_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

enum { SHAPE_FORMATS = 4, SHAPE_MAX = 127 };

/* All zero: as OpenAI's whisper-1 and gpt-4o-mini are asked. */
struct shape {
    int format; /* the place of its response_format in the ladder; the last is to say none */
    bool no_temperature;
    bool no_language;
    bool chunks; /* chunking_strategy=auto, where the model's name does not ask for it by itself */
    bool no_prompt;
    bool no_chunks;
};

/* The fields that can give way, NULL at the end: for answer_read_error. */
extern const char *const SHAPE_SPEECH_FIELDS[], *const SHAPE_CHAT_FIELDS[];

/* What is asked for as response_format of a transcription, or the type of it of a chat; NULL:
 * nothing. A model whose name says that it diarizes is asked who speaks. */
const char *shape_speech_format(const struct shape *shape, const char *model);
const char *shape_chat_format(const struct shape *shape);

/* Whether chunking_strategy=auto is asked for: a model that diarizes does not answer without. */
bool shape_chunks(const struct shape *shape, const char *model);

/* Lets a field that was refused give way. False: it has no way left. */
bool shape_give_way(struct shape *shape, const char *field);

/* A shape as a number to keep, and back; a number of no shape is the first one. */
int64_t shape_number(const struct shape *shape);
struct shape shape_of_number(int64_t number);

#endif
