#include "ladder.h"

static unsigned bit(size_t rung)
{
    return 1U << rung;
}

static bool is_to_be_asked_again(const struct ladder *ladder, size_t rung)
{
    return (ladder->missing & ~ladder->asked_again & bit(rung)) != 0;
}

bool ladder_down(struct ladder *ladder, bool missing)
{
    ladder->missing |= missing ? bit(ladder->rung) : 0;
    for (ladder->rung++; ladder->rung < ladder->count; ladder->rung++) {
        if (ladder->rung >= ladder->found) {
            return true;
        }
        if (is_to_be_asked_again(ladder, ladder->rung)) {
            ladder->asked_again |= bit(ladder->rung);
            return true;
        }
    }
    return false;
}

bool ladder_up(struct ladder *ladder)
{
    for (size_t rung = 0; rung < ladder->rung; rung++) {
        if (is_to_be_asked_again(ladder, rung)) {
            ladder->found = ladder->rung;
            ladder->rung = rung;
            ladder->asked_again |= bit(rung);
            return true;
        }
    }
    return false;
}
