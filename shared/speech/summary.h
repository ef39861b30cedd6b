/*
 * Summaries: the request to a chat server, how its answer becomes a text for people, and the fixed
 * sentences for calls in which nothing was said. Pure.
 */
#ifndef TAPEDECK_SPEECH_SUMMARY_H
#define TAPEDECK_SPEECH_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/result.h"

enum { SUMMARY_TEXT_MAX = 16 * 1024, SUMMARY_SPOKEN_MS_MIN = 3000, SUMMARY_ASKED_MAX = 1 << 20 };

/* The sentence for a call that no model is asked about, by its status at the provider and how long
 * somebody spoke; NULL when there is something to summarise. */
const char *summary_fixed(const char *call_status, int64_t spoken_ms, bool hebrew);

/* The request's body: the prompt (db/prompts/summary.txt), the transcript, temperature 0, JSON
 * wanted. */
enum result summary_ask(const char *model, const char *language, const char *transcript,
                        struct buf *out);

/* The model's JSON as readable text, a line each for subject, discussed, outcome and next step;
 * what it left empty is left out. RESULT_INVALID: not such an object, or without a subject. */
enum result summary_read(const char *content, size_t len, bool hebrew, struct buf *out);

#endif
