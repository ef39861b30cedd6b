#include "work.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/magic.h"

struct work *work_add(struct work_list *list, struct runner *runner, const struct run *run)
{
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        return NULL;
    }
    work->magic = MAGIC(work);
    work->runner = runner;
    work->run = *run;
    work->total = -1;
    work->started_ms = work->confirmed_ms = clock_monotonic_ms();
    work->previous = list->last;
    if (list->last != NULL) {
        list->last->next = work;
    } else {
        list->first = work;
    }
    list->last = work;
    list->count++;
    return work;
}

void work_remove(struct work_list *list, struct work *work)
{
    if (work->previous != NULL) {
        work->previous->next = work->next;
    } else {
        list->first = work->next;
    }
    if (work->next != NULL) {
        work->next->previous = work->previous;
    } else {
        list->last = work->previous;
    }
    list->count--;
    peaks_stream_free(work->end.waveform);
    free(work);
}

void work_stop(struct work *work)
{
    if (work->transfer != NULL) {
        transfer_stop(work->transfer);
    }
}
