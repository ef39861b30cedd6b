#include "confirmed.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { PLACES = 256 };

struct entry {
    int64_t business_id, at_ms;
    char name[SID_SIZE]; /* "": none */
};

struct confirmed {
    struct entry entries[PLACES];
};

struct confirmed *confirmed_new(void)
{
    return calloc(1, sizeof(struct confirmed));
}

void confirmed_free(struct confirmed *confirmed)
{
    free(confirmed);
}

/* FNV-1a: who shares a place with another is asked more often, and nothing else. */
static size_t place_of(int64_t business_id, const char *name)
{
    uint32_t hash = 2166136261U ^ (uint32_t)business_id;
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    }
    return hash % PLACES;
}

bool confirmed_holds(const struct confirmed *confirmed, int64_t business_id, const char *name,
                     int64_t now_ms)
{
    if (confirmed == NULL) {
        return false;
    }
    const struct entry *entry = &confirmed->entries[place_of(business_id, name)];
    return entry->business_id == business_id && strcmp(entry->name, name) == 0 &&
           now_ms >= entry->at_ms && now_ms - entry->at_ms < CONFIRMED_MS;
}

void confirmed_note(struct confirmed *confirmed, int64_t business_id, const char *name,
                    int64_t now_ms)
{
    if (confirmed == NULL || !text_is_recording(name)) {
        return;
    }
    struct entry *entry = &confirmed->entries[place_of(business_id, name)];
    *entry = (struct entry){.business_id = business_id, .at_ms = now_ms};
    memcpy(entry->name, name, SID_SIZE);
}
