#include "credentials.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/env_file.h"
#include "base/magic.h"
#include "base/text.h"

enum { ACCOUNTS_MAX = 1000, FILE_CEILING = 256 * 1024 };

struct account {
    const char *sid, *token; /* point into the storage */
};

struct credentials {
    struct magic magic;
    const struct config *config;
    struct buf storage;
    struct account *accounts;
    size_t count;
};

static const struct account *find_account(const struct credentials *c, const char *sid)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->accounts[i].sid, sid) == 0) {
            return &c->accounts[i];
        }
    }
    return NULL;
}

/* Of two tokens of one account, which is meant would be a guess. */
static enum result note_account(void *context, const char *name, const char *value)
{
    struct credentials *c = CHECKED(credentials, context);
    if (name == NULL || !text_is_sid(name, "AC") || value[0] == '\0' || c->count == ACCOUNTS_MAX ||
        find_account(c, name) != NULL) {
        return RESULT_INVALID;
    }
    c->accounts[c->count++] = (struct account){.sid = name, .token = value};
    return RESULT_OK;
}

/* Secrets that others may read are no secrets. Asked of the file that is open: the name may lead
 * elsewhere a moment later. */
static bool is_private(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
           (st.st_uid == geteuid() || st.st_uid == 0);
}

/* A FIFO in its place must not hold us up. Gives -1 for anything but a private file. */
static int open_private(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && !is_private(fd)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static enum result complain(char *error, const char *why)
{
    (void)snprintf(error, CONFIG_ERROR_SIZE, "configuration: TWILIO_ACCOUNTS_FILE: %s", why);
    return RESULT_INVALID;
}

static enum result read_accounts(struct credentials *c, char *error)
{
    const char *path = c->config->twilio_accounts_file;
    if (path[0] == '\0') {
        return RESULT_OK;
    }
    int fd = open_private(path);
    if (fd < 0) {
        return complain(error, "it must be a file that only its owner may read (mode 0600)");
    }
    if (env_file_read_open(fd, &c->storage, note_account, c) != RESULT_OK) {
        return complain(error, "it must hold lines of AC…=token, each account once, at most 1000");
    }
    return RESULT_OK;
}

enum result credentials_load(const struct config *config, struct credentials **out, char *error)
{
    struct credentials *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return complain(error, "no memory");
    }
    c->magic = MAGIC(credentials);
    c->config = config;
    buf_init(&c->storage, FILE_CEILING);
    c->accounts = calloc(ACCOUNTS_MAX, sizeof *c->accounts);
    enum result result =
        c->accounts != NULL ? read_accounts(c, error) : complain(error, "no memory");
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
        buf_free(&credentials->storage);
        free(credentials->accounts);
        free(credentials);
    }
}

struct credential credentials_of(const struct credentials *credentials, const char *account_sid)
{
    const struct config *config = credentials->config;
    bool has_key = config->twilio_api_key[0] != '\0';
    const struct account *own = account_sid != NULL ? find_account(credentials, account_sid) : NULL;
    if (own != NULL) {
        return (struct credential){
            .user = own->sid, .password = own->token, .auth_token = own->token};
    }
    return (struct credential){
        .user = has_key ? config->twilio_api_key : config->twilio_account_sid,
        .password = has_key ? config->twilio_api_secret : config->twilio_auth_token,
        .auth_token = config->twilio_auth_token,
    };
}

bool credentials_agree(const struct credentials *credentials, const char *one, const char *other)
{
    return find_account(credentials, one) == find_account(credentials, other);
}

bool credentials_are_several(const struct credentials *credentials)
{
    return credentials->count > 0;
}
