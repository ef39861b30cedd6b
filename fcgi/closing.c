#include "closing.h"

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/magic.h"
#include "base/sandbox.h"
#include "clients/redis_address.h"

/* Libraries that name services load late, names, certificates, and where /etc points for them. */
static const char *const SYSTEM[] = {
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/run/NetworkManager",
    "/run/netconfig",
    "/run/resolvconf",
    "/run/systemd/resolve",
    "/var/lib/ca-certificates",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
};

/* What these name is read by OpenSSL and libpq. */
static const char *const ENVIRONMENT[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF",
                                          "PGSERVICEFILE", "PGSYSCONFDIR"};

/* libpq's own places, below the user's home. */
static const char *const HOME[] = {".postgresql", ".pgpass", ".pg_service.conf"};

static void may_read(void *context, const char *path)
{
    sandbox_may_read(CHECKED(sandbox, context), path);
}

/* The folder above: one that is put in its place, or mounted on it, is another to Landlock. So is
 * the nearest one that is there, when it is mounted later; but never all there is. */
static void may_read_recordings(struct sandbox *sandbox, const char *recordings_dir)
{
    char path[PATH_MAX], real[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s", recordings_dir);
    sandbox_may_read(sandbox, recordings_dir);
    while (n > 0 && n < PATH_MAX && realpath(path, real) == NULL) {
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            return;
        }
        *slash = '\0';
    }
    char *slash = strrchr(real, '/');
    if (slash != NULL && slash != real) {
        *slash = '\0';
        sandbox_may_read(sandbox, real);
    }
}

/* The folder of a file, and the one that a link leads to: another file may take its name, which to
 * Landlock is another one. Never all there is. */
static void may_read_renewed(struct sandbox *sandbox, const char *file)
{
    char path[PATH_MAX], real[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s", file);
    if (n <= 0 || n >= PATH_MAX || realpath(path, real) == NULL) {
        return;
    }
    char *const files[] = {path, real};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *slash = strrchr(files[i], '/');
        if (slash != NULL && slash != files[i]) {
            *slash = '\0';
            sandbox_may_read(sandbox, files[i]);
        }
    }
}

static void may_read_home(struct sandbox *sandbox)
{
    const char *home = getenv("HOME");
    const struct passwd *user = home == NULL || home[0] == '\0' ? getpwuid(geteuid()) : NULL;
    home = user != NULL ? user->pw_dir : home;
    for (size_t i = 0; home != NULL && i < sizeof HOME / sizeof *HOME; i++) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", home, HOME[i]);
        if (n > 0 && n < PATH_MAX) {
            sandbox_may_read(sandbox, path);
        }
    }
}

void closing_enter(const struct app *app)
{
    if (!app->config->sandbox) {
        return;
    }
    struct redis_address redis;
    struct sandbox sandbox = sandbox_new(SANDBOX_SERVER);
    for (size_t i = 0; i < sizeof SYSTEM / sizeof *SYSTEM; i++) {
        sandbox_may_read(&sandbox, SYSTEM[i]);
    }
    for (size_t i = 0; i < sizeof ENVIRONMENT / sizeof *ENVIRONMENT; i++) {
        const char *path = getenv(ENVIRONMENT[i]);
        if (path != NULL) {
            sandbox_may_read(&sandbox, path);
        }
    }
    may_read_recordings(&sandbox, app->config->recordings_dir);
    may_read_renewed(&sandbox, app->config->twilio_accounts_file);
    if (redis_address_parse(app->config->redis_url, &redis)) {
        may_read_renewed(&sandbox, redis.ca_file);
    }
    may_read_home(&sandbox);
    pg_files(app->config->database_url, may_read, &sandbox);
    (void)sandbox_enter(&sandbox);
    sandbox_tell(&sandbox);
}
