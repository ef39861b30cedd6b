#include "runner_metrics.h"

#include <stdbool.h>
#include <string.h>

#include "observe/metrics.h"

void runner_metrics_end(const struct app *app, const char *event, const char *reason)
{
    static const struct {
        const char *event, *name;
        bool fault;
    } ENDS[] = {
        {"RECORDING_DONE", "completed", false},      {"RECORDING_RETRY", "retried", true},
        {"RECORDING_FAILED", "failed", true},        {"RECORDING_LOST", "lost", true},
        {"RECORDING_CANCELLED", "cancelled", false},
    };
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
        if (strcmp(ENDS[i].event, event) != 0) {
            continue;
        }
        metrics_add(app->metrics, METRICS_DOWNLOADS, ENDS[i].name, NULL, 1);
        if (ENDS[i].fault && reason != NULL) {
            metrics_add(app->metrics, METRICS_FAULTS, reason, NULL, 1);
        }
    }
}

void runner_metrics_bytes(const struct app *app, int64_t bytes)
{
    metrics_add(app->metrics, METRICS_BYTES, NULL, NULL, bytes);
}
