#include "call_fifo.h"

#include <string.h>

bool call_ref_is(const struct call_ref *ref, int64_t business_id, const char *call_sid)
{
    return ref->business_id == business_id && strcmp(ref->call_sid, call_sid) == 0;
}

bool call_line_has(const struct call_line *line, int64_t business_id, const char *call_sid)
{
    for (size_t i = 0; i < line->count; i++) {
        size_t at = (line->first + i) % CALL_LINE_MAX;
        if (call_ref_is(&line->refs[at], business_id, call_sid)) {
            return true;
        }
    }
    return false;
}

void call_line_add(struct call_line *line, int64_t business_id, const char *call_sid)
{
    if (line->count == CALL_LINE_MAX || call_line_has(line, business_id, call_sid)) {
        return;
    }
    struct call_ref *ref = &line->refs[(line->first + line->count) % CALL_LINE_MAX];
    ref->business_id = business_id;
    memcpy(ref->call_sid, call_sid, sizeof ref->call_sid);
    line->count++;
}

bool call_line_next(struct call_line *line, struct call_ref *out)
{
    if (line->count == 0) {
        return false;
    }
    *out = line->refs[line->first];
    line->first = (line->first + 1) % CALL_LINE_MAX;
    line->count--;
    return true;
}
