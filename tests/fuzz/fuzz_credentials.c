/* The file of further accounts: each with a token of its own, all others with ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/credentials.h"
#include "fuzz.h"

#define ACCOUNT "AC0123456789abcdef0123456789abcdef"

/* The file that is read: it lives in memory, and its descriptor is its name. */
static int fd = -1;
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fd = memfd_create("accounts", MFD_CLOEXEC);
    if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return 0;
}

static void check_secret(const char *secret, bool needed)
{
    REQUIRE(secret != NULL || !needed);
    REQUIRE(secret == NULL || (secret[0] != '\0' && strchr(secret, '\n') == NULL));
}

static void check_account(struct credentials *credentials, const char *sid)
{
    struct credential c = credentials_of(credentials, sid);
    check_secret(c.user, true);
    check_secret(c.password, true);
    check_secret(c.other_password, false);
    check_secret(c.tokens[0], true);
    check_secret(c.tokens[1], false);
    REQUIRE(strncmp(c.api_base, "http", 4) == 0 && c.api_base[strlen(c.api_base) - 1] != '/');
    for (int i = 0; i < ACCOUNT_SHARED_KEYS; i++) {
        check_secret(c.shared_keys[i].secret, c.shared_keys[i].name != NULL);
    }
    REQUIRE(strncmp(c.user, "SK", 2) == 0 || (c.password == c.tokens[0] && c.user[0] == 'A'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct config config = {
        .twilio_account_sid = ACCOUNT,
        .twilio_auth_token = "our token",
        .twilio_auth_token_previous = "our old token",
        .twilio_api_base = "https://api.twilio.com",
        .twilio_api_key = "SK",
        .twilio_api_secret = "our secret",
        .twilio_accounts_file = path,
    };
    struct fuzz fuzz;
    struct credentials *credentials;
    char error[CONFIG_ERROR_SIZE] = "";
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) {
        abort();
    }
    enum result result = credentials_load(&config, &credentials, error);
    REQUIRE(result == RESULT_OK || (result == RESULT_INVALID && credentials == NULL));
    REQUIRE((result == RESULT_OK) == (error[0] == '\0') && strpbrk(error, "\r\n") == NULL);
    if (result == RESULT_OK) {
        fuzz_begin(&fuzz, data, size);
        check_account(credentials, NULL);
        check_account(credentials, ACCOUNT);
        check_account(credentials, fuzz_line(&fuzz));
        fuzz_end(&fuzz);
    }
    credentials_free(credentials);
    return 0;
}
