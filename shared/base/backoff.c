#include "backoff.h"

enum { FIRST_DELAY_MS = 50 };

bool backoff_due(const struct backoff *b, int64_t now)
{
    return b->delay_ms == 0 || now >= b->next_ms;
}

void backoff_failed(struct backoff *b, int64_t now, int64_t ceiling_ms)
{
    int64_t delay = b->delay_ms == 0 ? FIRST_DELAY_MS : b->delay_ms * 2;
    b->delay_ms = delay < ceiling_ms ? delay : ceiling_ms;
    b->next_ms = now + b->delay_ms;
}

void backoff_succeeded(struct backoff *b)
{
    *b = (struct backoff){0};
}
