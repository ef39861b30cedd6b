#include "shape.h"

#include <string.h>

const char *const SHAPE_SPEECH_FIELDS[] = {"response_format",   "temperature", "language",
                                           "chunking_strategy", "prompt",      NULL};
const char *const SHAPE_CHAT_FIELDS[] = {"response_format", "temperature", NULL};

enum {
    FORMAT_BITS = 3,
    NO_TEMPERATURE = 4,
    NO_LANGUAGE = 8,
    CHUNKS = 16,
    NO_PROMPT = 32,
    NO_CHUNKS = 64
};

static bool diarizes(const char *model)
{
    return strcasestr(model, "diarize") != NULL;
}

const char *shape_speech_format(const struct shape *shape, const char *model)
{
    static const char *const LADDER[SHAPE_FORMATS] = {"verbose_json", "json", "text", NULL};
    return shape->format == 0 && diarizes(model) ? "diarized_json" : LADDER[shape->format];
}

bool shape_chunks(const struct shape *shape, const char *model)
{
    return (shape->chunks || diarizes(model)) && !shape->no_chunks;
}

const char *shape_chat_format(const struct shape *shape)
{
    static const char *const LADDER[SHAPE_FORMATS] = {"json_object", "json_schema", NULL, NULL};
    return LADDER[shape->format];
}

static bool raise_flag(bool *flag)
{
    bool was = *flag;
    *flag = true;
    return !was;
}

bool shape_give_way(struct shape *shape, const char *field)
{
    if (strcmp(field, "temperature") == 0) {
        return raise_flag(&shape->no_temperature);
    }
    if (strcmp(field, "language") == 0) {
        return raise_flag(&shape->no_language);
    }
    if (strcmp(field, "prompt") == 0) {
        return raise_flag(&shape->no_prompt);
    }
    if (strcmp(field, "chunking_strategy") == 0) {
        return raise_flag(&shape->chunks) || raise_flag(&shape->no_chunks);
    }
    if (strcmp(field, "response_format") != 0 || shape->format + 1 >= SHAPE_FORMATS) {
        return false;
    }
    shape->format++;
    return true;
}

int64_t shape_number(const struct shape *shape)
{
    return shape->format | (shape->no_temperature ? NO_TEMPERATURE : 0) |
           (shape->no_language ? NO_LANGUAGE : 0) | (shape->chunks ? CHUNKS : 0) |
           (shape->no_prompt ? NO_PROMPT : 0) | (shape->no_chunks ? NO_CHUNKS : 0);
}

struct shape shape_of_number(int64_t number)
{
    if (number < 0 || number > SHAPE_MAX) {
        number = 0;
    }
    return (struct shape){.format = (int)(number & FORMAT_BITS),
                          .no_temperature = (number & NO_TEMPERATURE) != 0,
                          .no_language = (number & NO_LANGUAGE) != 0,
                          .chunks = (number & CHUNKS) != 0,
                          .no_prompt = (number & NO_PROMPT) != 0,
                          .no_chunks = (number & NO_CHUNKS) != 0};
}
