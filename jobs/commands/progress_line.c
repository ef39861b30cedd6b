#include "progress_line.h"

#include <stdio.h>

#include "human.h"

const char *progress_text(const struct progress *p, char *out)
{
    static const char DONE[] = "####################", LEFT[] = "--------------------";
    enum { WIDTH = sizeof DONE - 1 };
    char bytes[WORDS_SIZE], rate[WORDS_SIZE], left[WORDS_SIZE], failed[32] = "";
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
    (void)snprintf(out, PROGRESS_SIZE, "[%.*s%.*s] %lld/%lld  %s  %s/s  %s left%s", bar, DONE,
                   WIDTH - bar, LEFT, (long long)p->done, (long long)p->total,
                   words_bytes(p->bytes, bytes), words_bytes(a_second, rate),
                   words_time(left_s, left), failed);
    return out;
}
