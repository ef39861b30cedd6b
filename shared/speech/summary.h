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
#include "business_speech.h"
#include "shape.h"

enum { SUMMARY_TEXT_MAX = 24 * 1024, SUMMARY_SPOKEN_MS_MIN = 3000, SUMMARY_ASKED_MAX = 1 << 20 };

/* The sentence for a call that no model is asked about, by its status at the provider and how long
 * somebody spoke; NULL when there is something to summarise. */
const char *summary_fixed(const char *call_status, int64_t spoken_ms, bool hebrew);

/* The request's body: the prompt (db/prompts/summary.txt), the business's own questions, the
 * transcript, and what else the server takes: temperature 0, JSON wanted. */
enum result summary_ask(const char *model, const struct business_speech *speech,
                        const char *transcript, const struct shape *shape, struct buf *out);

/* The key that the answer to the business's question `index` has, from 0 on; lives for the program.
 */
const char *summary_answer_key(size_t index);

/* The sentence for a call in which a model found nothing to summarise. */
const char *summary_nothing(bool hebrew);

/* What a model wrote as readable text, a line each for subject, discussed, outcome, next step, and
 * each question of the business's own; what is empty or missing is left out, and no value is longer
 * than its line. Read is the last whole object that has one of these keys, also in Hebrew, in
 * capitals, or inside another object. RESULT_INVALID: there is none. RESULT_NOT_FOUND: there is,
 * and all of it is empty. */
enum result summary_read(const char *content, size_t len, const struct business_speech *speech,
                         struct buf *out);

#endif
