#include "credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/env_file.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/private_file.h"

enum { ACCOUNTS_MAX = 1000, FILE_CEILING = 512 * 1024, LOOK_EVERY_MS = 1000 };

static const int64_t SETTLED_NS = 1000000000;

/* One reading of the file. */
struct table {
    struct magic magic;
    struct buf storage; /* what the lines point into */
    struct account_line *lines;
    size_t count;
};

/* What changes when a file does, or when another takes its name. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

struct credentials {
    const struct config *config;
    struct table table;
    struct mark mark; /* of the file that was read last, taken or refused; all 0: read it again */
    bool missing;
    int64_t looked_ms;
};

/* ---- one reading ---- */

static void table_init(struct table *table)
{
    *table = (struct table){.magic = MAGIC(table)};
    buf_init(&table->storage, FILE_CEILING);
}

static void table_free(struct table *table)
{
    buf_free(&table->storage);
    free(table->lines);
}

static const struct account_line *table_find(const struct table *table, const char *sid)
{
    for (size_t i = 0; sid != NULL && i < table->count; i++) {
        if (strcmp(table->lines[i].sid, sid) == 0) {
            return &table->lines[i];
        }
    }
    return NULL;
}

/* Of two lines of one account, which is meant would be a guess. */
static enum result note_line(void *context, const char *name, char *value)
{
    struct table *table = CHECKED(table, context);
    if (name == NULL || table->count == ACCOUNTS_MAX || table_find(table, name) != NULL ||
        !account_line_read(name, value, &table->lines[table->count])) {
        return RESULT_INVALID;
    }
    table->count++;
    return RESULT_OK;
}

static struct mark mark_of(const struct stat *st)
{
    struct mark mark;
    memset(&mark, 0, sizeof mark); /* its padding is compared, too */
    mark.device = st->st_dev;
    mark.inode = st->st_ino;
    mark.size = st->st_size;
    mark.modified = st->st_mtim;
    mark.changed = st->st_ctim;
    return mark;
}

/* Somebody may still be writing it. A time that is ahead is a clock's mistake, and says nothing. */
static bool is_settled(const struct mark *mark)
{
    int64_t age =
        clock_wall_ns() - ((int64_t)mark->changed.tv_sec * 1000000000 + mark->changed.tv_nsec);
    return age < 0 || age >= SETTLED_NS;
}

/* RESULT_NOT_FOUND; RESULT_DENIED: others may read it, or we may not; RESULT_INVALID: a line makes
 * no sense; RESULT_FAILED: no memory. */
static enum result read_table(const char *path, struct table *table, struct mark *mark)
{
    struct stat st;
    int fd;
    enum result result = private_file_open(path, &fd, &st);
    if (result != RESULT_OK) {
        return result;
    }
    *mark = mark_of(&st);
    table->lines = calloc(ACCOUNTS_MAX, sizeof *table->lines);
    if (table->lines == NULL) {
        close(fd);
        return RESULT_FAILED;
    }
    return env_file_read_open(fd, &table->storage, note_line, table) == RESULT_OK ? RESULT_OK
                                                                                  : RESULT_INVALID;
}

/* ---- reading it again ---- */

static void refuse(enum result why)
{
    log_event("ACCOUNTS_FILE_REFUSED", "cause=%s",
              why == RESULT_NOT_FOUND ? "missing"
              : why == RESULT_INVALID ? "malformed"
                                      : "not_private");
}

static void replace(struct credentials *c, const struct mark *seen)
{
    struct table next;
    struct mark mark = *seen;
    table_init(&next);
    enum result result = read_table(c->config->twilio_accounts_file, &next, &mark);
    if (memcmp(&mark, seen, sizeof mark) != 0) {
        result = RESULT_FAILED; /* another one by now: the next look sees it */
    }
    if (result == RESULT_OK) {
        table_free(&c->table);
        c->table = next;
        log_event("ACCOUNTS_FILE_READ", "accounts=%zu", next.count);
    } else {
        table_free(&next);
    }
    if (result != RESULT_FAILED) {
        c->mark = mark;
    }
    if (result != RESULT_OK && result != RESULT_FAILED) {
        refuse(result);
    }
}

static void look(struct credentials *c)
{
    struct stat st;
    int64_t now = clock_monotonic_ms();
    if (c->config->twilio_accounts_file[0] == '\0' || now - c->looked_ms < LOOK_EVERY_MS) {
        return;
    }
    c->looked_ms = now;
    bool missing = stat(c->config->twilio_accounts_file, &st) != 0;
    if (missing && !c->missing) {
        refuse(RESULT_NOT_FOUND);
    }
    c->missing = missing;
    if (missing) {
        return;
    }
    struct mark mark = mark_of(&st);
    if (memcmp(&mark, &c->mark, sizeof mark) != 0 && is_settled(&mark)) {
        replace(c, &mark);
    }
}

/* ---- the beginning ---- */

static enum result complain(char *error, const char *why)
{
    (void)snprintf(error, CONFIG_ERROR_SIZE, "configuration: TWILIO_ACCOUNTS_FILE: %s", why);
    return RESULT_INVALID;
}

static enum result read_first(struct credentials *c, char *error)
{
    if (c->config->twilio_accounts_file[0] == '\0') {
        return RESULT_OK;
    }
    c->looked_ms = clock_monotonic_ms();
    switch (read_table(c->config->twilio_accounts_file, &c->table, &c->mark)) {
    case RESULT_OK: break;
    case RESULT_FAILED: return complain(error, "no memory");
    case RESULT_INVALID:
        return complain(error, "it must hold lines of AC…=token, each account once, at most 1000");
    default: return complain(error, "it must be a file that only its owner may read (mode 0600)");
    }
    if (!is_settled(&c->mark)) {
        memset(&c->mark, 0, sizeof c->mark);
    }
    return RESULT_OK;
}

enum result credentials_load(const struct config *config, struct credentials **out, char *error)
{
    struct credentials *c = calloc(1, sizeof *c);
    *out = NULL;
    if (c == NULL) {
        return complain(error, "no memory");
    }
    c->config = config;
    table_init(&c->table);
    enum result result = read_first(c, error);
    if (result != RESULT_OK) {
        credentials_free(c);
        c = NULL;
    }
    *out = c;
    return result;
}

void credentials_free(struct credentials *credentials)
{
    if (credentials != NULL) {
        table_free(&credentials->table);
        free(credentials);
    }
}

/* ---- whose ---- */

/* The account's own line, else the configured account's; NULL: neither has one. */
static const struct account_line *line_of(const struct credentials *c, const char *sid)
{
    const struct account_line *own = table_find(&c->table, sid);
    return own != NULL ? own : table_find(&c->table, c->config->twilio_account_sid);
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static struct account_line configured_line(const struct config *config)
{
    const char *key = or_null(config->twilio_api_key);
    return (struct account_line){
        .sid = config->twilio_account_sid,
        .tokens = {config->twilio_auth_token, or_null(config->twilio_auth_token_previous)},
        .api_key = key,
        .api_secret = key != NULL ? config->twilio_api_secret : NULL,
    };
}

struct credential credentials_of(struct credentials *credentials, const char *account_sid)
{
    const struct config *config = credentials->config;
    look(credentials);
    const struct account_line *own = line_of(credentials, account_sid);
    struct account_line line = own != NULL ? *own : configured_line(config);
    bool has_key = line.api_key != NULL;
    struct credential credential = {
        .user = has_key ? line.api_key : line.sid,
        .password = has_key ? line.api_secret : line.tokens[0],
        .other_password = has_key ? NULL : line.tokens[1],
        .api_base = line.api_base != NULL ? line.api_base : config->twilio_api_base,
    };
    memcpy(credential.tokens, line.tokens, sizeof credential.tokens);
    memcpy(credential.shared_keys, line.shared_keys, sizeof credential.shared_keys);
    return credential;
}

bool credentials_agree(struct credentials *credentials, const char *one, const char *other)
{
    look(credentials);
    return line_of(credentials, one) == line_of(credentials, other);
}

bool credentials_are_several(struct credentials *credentials)
{
    look(credentials);
    const struct table *table = &credentials->table;
    return table->count > 1 || (table->count == 1 &&
                                table_find(table, credentials->config->twilio_account_sid) == NULL);
}
