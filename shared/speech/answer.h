/*
 * What OpenAI-compatible servers answer besides transcripts: chat completions, and errors (OpenAI
 * API reference: "Create chat completion", "Errors"; FastAPI: "Handling Errors"). Read as servers
 * really send them (json_repair.h). Pure but for memory.
 */
#ifndef TAPEDECK_SPEECH_ANSWER_H
#define TAPEDECK_SPEECH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/result.h"

enum { ANSWER_SAID_MAX = 200, ANSWER_SAID_SIZE = ANSWER_SAID_MAX + 1 };

/* How a completion ended. */
enum answer_chat {
    ANSWER_CHAT_SAID,
    ANSWER_CHAT_CUT,     /* its length was over; what is there may be whole all the same */
    ANSWER_CHAT_EMPTY,   /* it says nothing */
    ANSWER_CHAT_REFUSED, /* by the model or by a content filter; the content says why, or nothing */
    ANSWER_CHAT_NONE,    /* it is no completion */
};

/* Appends the first choice's content, without the parts in which a model thinks. */
enum answer_chat answer_read_chat(const char *text, size_t len, struct buf *content);

/* What an error is about. */
enum answer_fault {
    ANSWER_FAULT_OTHER,
    ANSWER_FAULT_MODEL,   /* the server does not have it: said by code, param, or status 404 */
    ANSWER_FAULT_FIELD,   /* a field of the request; `field` has its name */
    ANSWER_FAULT_SIZE,    /* the file is too large */
    ANSWER_FAULT_CONTEXT, /* the text is too long for the model */
    ANSWER_FAULT_QUOTA,   /* the account has no credit left */
    ANSWER_FAULT_FILTER,  /* a content filter does not want the text */
};

struct answer_error {
    enum answer_fault fault;
    const char *field;           /* one of those asked about, or NULL */
    char said[ANSWER_SAID_SIZE]; /* the server's words in one line, without secrets; "" for none */
};

/* Reads an error: its HTTP status and body. `fields`: those of the request that it may be about,
 * NULL at the end. `secret` is a key that was sent, or NULL: it is never repeated. */
void answer_read_error(long status, const char *text, size_t len, const char *const *fields,
                       const char *secret, struct answer_error *out);

#endif
