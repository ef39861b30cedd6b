/* The env file: it is read whole or refused with one line, which shows no value. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env_file.h"
#include "config/config.h"
#include "fuzz.h"

/* The file that is read: it lives in memory, and its descriptor is its name. */
static int env_fd = -1;
static char env_path[64];

/* Only the file speaks. */
static void forget_environment(void)
{
    char *names = NULL, *rest;
    size_t size;
    FILE *out = open_memstream(&names, &size);
    if (out == NULL) {
        abort();
    }
    config_print_names(out);
    (void)fclose(out);
    rest = names;
    for (char *name; (name = strsep(&rest, "\n")) != NULL;) {
        if (name[0] != '\0') {
            (void)unsetenv(name);
        }
    }
    free(names);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    env_fd = memfd_create("tapedeck.env", MFD_CLOEXEC);
    REQUIRE(fchmod(env_fd, 0600) == 0);
    if (env_fd < 0) {
        abort();
    }
    (void)snprintf(env_path, sizeof env_path, "/proc/self/fd/%d", env_fd);
    forget_environment();
    return setenv("TAPEDECK_ENV", env_path, 1);
}

static void write_env(const uint8_t *data, size_t size)
{
    if (ftruncate(env_fd, 0) != 0 || pwrite(env_fd, data, size, 0) != (ssize_t)size) {
        abort();
    }
}

struct lines {
    const struct buf *storage;
    size_t count, refused;
};

static bool is_within(const struct buf *storage, const char *text)
{
    return text >= storage->data && text <= storage->data + storage->len;
}

static enum result see(void *context, const char *name, char *value)
{
    struct lines *lines = context;
    lines->count++;
    lines->refused += name == NULL;
    REQUIRE(is_within(lines->storage, value) && strchr(value, '\n') == NULL);
    if (name != NULL) {
        REQUIRE(is_within(lines->storage, name) && strpbrk(name, "=\n") == NULL);
    }
    return RESULT_OK;
}

static void check_lines(size_t size)
{
    struct buf storage;
    struct lines lines = {.storage = &storage};
    buf_init(&storage, ENV_FILE_MAX);
    enum result result = env_file_read(env_path, &storage, see, &lines);
    REQUIRE(result == RESULT_OK || lines.count == 0);
    REQUIRE((result == RESULT_TOO_BIG) <= (size > ENV_FILE_MAX));
    REQUIRE(storage.len <= ENV_FILE_MAX && lines.refused <= lines.count);
    buf_free(&storage);
}

static void check_loaded(const struct config *config)
{
    REQUIRE(config->database_url != NULL && config->recordings_dir != NULL);
    REQUIRE(config->recordings_dir[0] == '\0' || config->recordings_dir[0] == '/');
    REQUIRE(config->jwt_secret[0] == '\0' || strlen(config->jwt_secret) >= 32);
    REQUIRE(config->media_secret[0] == '\0' || strlen(config->media_secret) >= 32);
    REQUIRE(config->retry_delays.count > 0 && config->recording_formats.count > 0);
    REQUIRE(config->pg_timeout > 0 && config->redis_timeout > 0 && config->run_attempts > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config;
    char error[CONFIG_ERROR_SIZE] = "";
    write_env(data, size);
    check_lines(size);
    enum result result = config_load(&config, "/nonexistent", error);
    if (result == RESULT_OK) {
        check_loaded(&config);
    } else {
        REQUIRE(result == RESULT_INVALID && strncmp(error, "configuration: ", 15) == 0);
        REQUIRE(strlen(error) < sizeof error && strpbrk(error, "\r\n") == NULL);
    }
    config_free(&config);
    return 0;
}
