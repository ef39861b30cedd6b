#include "progress_line.h"

#include <stdio.h>

#include "human.h"

enum { TTY_EVERY_MS = 250, LINE_EVERY_MS = 10 * 1000 };

const char *progress_line_text(const struct progress_line *p, char *out)
{
    static const char DONE[] = "####################", LEFT[] = "--------------------";
    enum { WIDTH = sizeof DONE - 1 };
    char sum[HUMAN_SIZE], rate[HUMAN_SIZE], left[HUMAN_SIZE], failed[32] = "";
    char bytes[2 * HUMAN_SIZE + 8] = "";
    int64_t total = p->total > 0 ? p->total : 1;
    int64_t done = p->done < total ? p->done : total;
    int bar = p->total > 0 ? (int)((double)done / (double)total * WIDTH) : WIDTH;
    int64_t a_second =
        p->elapsed_ms > 0 ? (int64_t)((double)p->bytes * 1000.0 / (double)p->elapsed_ms) : 0;
    double each_ms = done > 0 ? (double)p->elapsed_ms / (double)done : 0;
    int64_t left_s = done > 0 ? (int64_t)(each_ms * (double)(total - done) / 1000.0) : -1;
    if (p->failed > 0) {
        (void)snprintf(failed, sizeof failed, "  %lld failed", (long long)p->failed);
    }
    if (p->bytes != PROGRESS_LINE_NO_BYTES) {
        (void)snprintf(bytes, sizeof bytes, "%s  %s/s  ", human_bytes(p->bytes, sum),
                       human_bytes(a_second, rate));
    }
    (void)snprintf(out, PROGRESS_LINE_SIZE, "[%.*s%.*s] %lld/%lld  %s%s left%s", bar, DONE,
                   WIDTH - bar, LEFT, (long long)p->done, (long long)p->total, bytes,
                   human_time(left_s, left), failed);
    return out;
}

bool progress_line_is_due(struct progress_line *p, bool is_tty, int64_t now_ms, bool last)
{
    int64_t every_ms = is_tty ? TTY_EVERY_MS : LINE_EVERY_MS;
    bool due = last || p->shown_ms == 0 || now_ms - p->shown_ms >= every_ms;
    if (due) {
        p->shown_ms = now_ms;
        p->elapsed_ms = now_ms - p->began_ms;
    }
    return due;
}
