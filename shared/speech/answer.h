/*
 * What OpenAI-compatible servers answer: transcriptions as verbose_json, chat completions, and
 * errors (OpenAI API reference: "Create transcription", "Create chat completion"). Pure.
 */
#ifndef TAPEDECK_SPEECH_ANSWER_H
#define TAPEDECK_SPEECH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

/* One segment; `end_ms` is -1 where a server gave a text without segments: to the file's end. */
typedef void answer_visitor(void *context, int64_t start_ms, int64_t end_ms, const char *text);

/* Reads a transcription. RESULT_INVALID when it is none; then nobody was visited. */
enum result answer_read_speech(const char *text, size_t len, answer_visitor *visit, void *context);

/* Appends the first choice's content. RESULT_INVALID when it is no completion, RESULT_NOT_FOUND
 * when it was cut short or says nothing. */
enum result answer_read_chat(const char *text, size_t len, struct buf *content);

/* True when an error (its HTTP status and body) says that the server does not have the model. */
bool answer_is_model_error(long status, const char *text, size_t len);

#endif
