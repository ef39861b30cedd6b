/*
 * What we tell people, in English and in Hebrew, by the API's codes. No other file has such texts.
 */
#ifndef TAPEDECK_FCGI_HTTP_MESSAGES_H
#define TAPEDECK_FCGI_HTTP_MESSAGES_H

struct message {
    const char *code;
    int status; /* the HTTP status it goes with */
    const char *english;
    const char *hebrew;
};

enum message_id {
    MESSAGE_READY,
    MESSAGE_PROCESSING,
    MESSAGE_QUEUED,
    MESSAGE_CALL_NOT_FOUND,
    MESSAGE_NO_RECORDING,
    MESSAGE_NO_PEAKS,
    MESSAGE_RECORDING_EXPIRED,
    MESSAGE_RECORDING_UNAVAILABLE,
    MESSAGE_RECORDING_FAILED,
    MESSAGE_WORKER_NOT_PROCESSING,
    MESSAGE_UNAUTHORIZED,
    MESSAGE_ORIGIN_NOT_ALLOWED,
    MESSAGE_BAD_PARAMETER,
    MESSAGE_UNAVAILABLE,
    MESSAGE_NOT_FOUND,
    MESSAGE_METHOD_NOT_ALLOWED,
    MESSAGE_FORBIDDEN,
    MESSAGE_LENGTH_REQUIRED,
    MESSAGE_TOO_LARGE,
    MESSAGE_ANSWER_TOO_LARGE,
    MESSAGE_RANGE_NOT_SATISFIABLE,
    MESSAGE_PRECONDITION_FAILED,
    MESSAGE_RUN_FINISHED,
    MESSAGE_RUN_NOT_FOUND,
    MESSAGE_NOTE_NOT_FOUND,
    MESSAGE_NO_SUBJECT,
    MESSAGE_SHARE_NOT_FOUND,
    MESSAGE_SHARE_ENDED,
    MESSAGE_PART_NOT_POSSIBLE,
    MESSAGE_TOO_MANY_MARKS,
    MESSAGE_TOO_MANY_FAILURES,
    MESSAGE_TOO_MANY_REQUESTS,
    MESSAGE_COUNT,
};

/* Never NULL. */
const struct message *message_get(enum message_id id);

/* Why there is no recording and will be none, by the API's `reason`. NULL: there is nothing to say
 * beyond MESSAGE_RECORDING_UNAVAILABLE. */
const struct message *message_of_reason(const char *reason);

#endif
