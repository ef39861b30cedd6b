#include "request_id.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { PROCESS_CHARS = 12, QUIET_MS = 1000 };

bool request_ids_begin(struct request_ids *ids)
{
    *ids = (struct request_ids){.said_ms = clock_monotonic_ms() - QUIET_MS};
    if (!crypto_token(ids->process)) {
        return false;
    }
    ids->process[PROCESS_CHARS] = '\0';
    return true;
}

static bool is_good(const char *id)
{
    static const char GOOD[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    return id != NULL && strlen(id) < REQUEST_ID_SIZE && id[strspn(id, GOOD)] == '\0';
}

void request_id_give(struct request_ids *ids, struct request *request)
{
    const char *given = request_header(request, "HTTP_X_REQUEST_ID");
    if (is_good(given)) {
        (void)snprintf(request->id, sizeof request->id, "%s", given);
    } else {
        (void)snprintf(request->id, sizeof request->id, "%s-%lld", ids->process,
                       (long long)++ids->count);
    }
}

void request_id_note(struct request_ids *ids, const struct request *request, int status,
                     int64_t took_us)
{
    enum { FAILED = 500 };
    int64_t now = clock_monotonic_ms();
    if (status < FAILED) {
        return;
    }
    if (now - ids->said_ms < QUIET_MS) {
        ids->unsaid++;
        return;
    }
    log_event("REQUEST_FAILED",
              "id=%s status=%d method=%s route=%s business_id=%lld ms=%lld others=%lld",
              request->id, status, request_method_name(request->method),
              request->route != NULL ? request->route : "-", (long long)request->caller.business_id,
              (long long)(took_us / 1000), (long long)ids->unsaid);
    ids->said_ms = now;
    ids->unsaid = 0;
}
