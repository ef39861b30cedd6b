#include "sending.h"

#include "range.h"
#include "runs/throttle.h"

/* How long that many bytes may take. */
static int64_t longest_ms(int64_t bytes)
{
    return SENDING_GRACE_MS + bytes / SENDING_RATE * 1000;
}

/* Fewer than half: at most half may wait (wait.h), and somebody has to answer all others. */
static int64_t places(int64_t responders)
{
    int64_t most = responders / 2 - 1;
    return most > 0 ? most : 1;
}

bool sending_begin(const struct app *app, int64_t bytes, char *token)
{
    return throttle_take_place(app, THROTTLE_SENDING, longest_ms(bytes),
                               places(app->config->responders), token) != RESULT_LOST;
}

void sending_end(const struct app *app, const char *token)
{
    throttle_leave_place(app, THROTTLE_SENDING, token);
}

bool sending_is_over(int64_t bytes, int64_t took_ms)
{
    return bytes > RANGE_PIECE && took_ms > longest_ms(bytes);
}
