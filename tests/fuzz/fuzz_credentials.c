/* The file of further accounts: each with a token of its own, all others with ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
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

static void check_account(const struct credentials *credentials, const char *sid)
{
    struct credential c = credentials_of(credentials, sid);
    REQUIRE(c.user != NULL && c.password != NULL && c.auth_token != NULL);
    if (strcmp(c.auth_token, "our token") == 0 && strcmp(c.user, "SK") == 0) {
        return;
    }
    REQUIRE(sid != NULL && text_is_sid(sid, "AC"));
    REQUIRE(strcmp(c.user, sid) == 0 && c.password[0] != '\0');
    REQUIRE(c.password == c.auth_token && strchr(c.password, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct config config = {
        .twilio_account_sid = ACCOUNT,
        .twilio_auth_token = "our token",
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
