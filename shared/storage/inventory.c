#include "inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/magic.h"
#include "file.h"
#include "folders.h"

enum { NAME_SIZE = SID_SIZE + 16 };

/* What stands after "<call_sid>." in the name of a finished file: that of each kind, and one
 * more. The recording goes last: whoever finds it, finds all that is left. */
static const char *ending_at(int i)
{
    return i == AUDIO_UNKNOWN ? FILE_PEAKS_ENDING : audio_extension((enum audio_kind)i);
}

static bool is_ours(const char *name, char sid[SID_SIZE])
{
    if (strnlen(name, SID_SIZE + 1) <= SID_LENGTH || name[SID_LENGTH] != '.') {
        return false;
    }
    memcpy(sid, name, SID_LENGTH);
    sid[SID_LENGTH] = '\0';
    const char *ending = name + SID_LENGTH + 1;
    return (strcmp(ending, FILE_PEAKS_ENDING) == 0 ||
            audio_kind_named(ending, strlen(ending)) != AUDIO_UNKNOWN) &&
           text_is_recording(sid);
}

struct tour {
    struct magic magic;
    inventory_visitor *visit;
    void *context;
};

static void visit_folder(void *context, int root, const char *name, int64_t business_id)
{
    const struct tour *tour = CHECKED(tour, context);
    DIR *dir = folders_open(root, name);
    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        struct inventory_entry found = {.business_id = business_id};
        struct stat st;
        if (is_ours(entry->d_name, found.call_sid) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode)) {
            found.bytes = st.st_size;
            found.age_s = clock_wall() - st.st_mtime;
            found.played_at = st.st_atime;
            found.is_recording = strcmp(entry->d_name + SID_LENGTH + 1, FILE_PEAKS_ENDING) != 0;
            tour->visit(tour->context, &found);
        }
    }
    closedir(dir);
}

enum result inventory_each(const struct config *config, inventory_visitor *visit, void *context)
{
    struct tour tour = {.magic = MAGIC(tour), .visit = visit, .context = context};
    return folders_each(config, visit_folder, &tour);
}

static bool remove_one(int folder, const char *prefix, const char *call_sid, const char *ending,
                       int64_t *bytes)
{
    char name[NAME_SIZE];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%.34s.%s", prefix, call_sid, ending);
    if (n < 0 || (size_t)n >= sizeof name) {
        return false;
    }
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT;
    }
    *bytes += st.st_size;
    return unlinkat(folder, name, 0) == 0 && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
           errno == ENOENT;
}

static enum result remove_all(const struct config *config, int64_t business_id,
                              const char *call_sid, bool arriving, int64_t *bytes)
{
    bool gone = true;
    *bytes = 0;
    char path[PATH_MAX];
    int folder = folders_open_business(config, business_id, O_RDONLY, path);
    if (folder < 0) {
        return errno == ENOENT ? RESULT_OK : RESULT_FAILED;
    }
    if (arriving) {
        gone = remove_one(folder, ".", call_sid, "part", bytes);
    }
    for (int i = 0; i < AUDIO_KINDS; i++) {
        gone = remove_one(folder, "", call_sid, ending_at(i), bytes) && gone;
    }
    close(folder);
    return gone ? RESULT_OK : RESULT_FAILED;
}

enum result inventory_remove(const struct config *config, int64_t business_id, const char *call_sid,
                             int64_t *bytes)
{
    return remove_all(config, business_id, call_sid, false, bytes);
}

enum result inventory_silence(const struct config *config, int64_t business_id,
                              const char *call_sid, int64_t *bytes)
{
    return remove_all(config, business_id, call_sid, true, bytes);
}

struct emptied {
    struct magic magic;
    int64_t count;
};

static void remove_if_empty(void *context, int root, const char *name, int64_t business_id)
{
    struct emptied *emptied = CHECKED(emptied, context);
    (void)business_id;
    emptied->count += unlinkat(root, name, AT_REMOVEDIR) == 0; /* fails on one that is not empty */
}

int64_t inventory_remove_empty(const struct config *config)
{
    struct emptied emptied = {.magic = MAGIC(emptied)};
    (void)folders_each(config, remove_if_empty, &emptied);
    return emptied.count;
}
