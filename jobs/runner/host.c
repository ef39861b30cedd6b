#include "host.h"

#include <string.h>

#include "ending.h"
#include "runs/account.h"

enum { BROKEN_BY_CHANCE = 2 }; /* two in a row may have lines that break by themselves */

void host_init(struct host *host)
{
    *host = (struct host){.doubtful = true};
}

int64_t host_unless_admitted(const struct app *app, struct host *host, struct run *run)
{
    static const struct run_reason PAUSED = {"host_paused", "This host rests after a fault."};
    char name[ACCOUNT_NAME_SIZE];
    int64_t wait_ms = 0;
    bool open = false;
    if (!host->doubtful) {
        return ENDING_ADMITTED;
    }
    enum result result =
        account_admit(app, account_of_host(name), &wait_ms, &run->admitted_us, &open);
    host->doubtful = result != RESULT_OK || !open;
    return result == RESULT_DENIED ? ending_put_off(app, run, wait_ms, &PAUSED) : ENDING_ADMITTED;
}

void host_judge(struct host *host, const struct run *run, struct transfer_end *end)
{
    if (end->outcome == TRANSFER_STORABLE) {
        host->broken = 0;
    }
    if (!end->line_broke) {
        return;
    }
    if (strcmp(host->last_broken, run->call_sid) != 0) {
        host->broken++;
        memcpy(host->last_broken, run->call_sid, sizeof host->last_broken);
    }
    if (host->broken > BROKEN_BY_CHANCE) {
        end->outcome = TRANSFER_ACCOUNT;
    }
}

void host_note(const struct app *app, struct host *host, const struct run *run,
               const struct transfer_end *end)
{
    char name[ACCOUNT_NAME_SIZE];
    if (end->outcome == TRANSFER_HOST) {
        host->doubtful = true;
    } else if (host->doubtful && end->outcome == TRANSFER_STORABLE) {
        (void)account_worked(app, account_of_host(name), run->admitted_us);
    } else if (host->doubtful) {
        (void)account_probe_over(app, account_of_host(name), run->admitted_us);
    }
}
