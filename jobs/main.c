/*
 * tapedeck: the job runner and operator's tool. `tapedeck COMMAND [OPTIONS]`.
 */
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audio/child_commands.h"
#include "commands.h"
#include "observe/metrics.h"

struct command {
    const char *name;
    int (*run)(const struct app *app, int argc, char **argv);
    const char *needs[10]; /* configuration it cannot do without */
    const char *usage;
};

static const struct command COMMANDS[] = {
    {"drain",
     command_drain,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "drain [--once] [--linger 55s]   fetch what is queued"},
    {"cleanup",
     command_cleanup,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "cleanup                         repair what a fault left behind"},
    {"migrate",
     command_migrate,
     {"DATABASE_URL"},
     "migrate [--check]               bring the schema up to date, or say what is missing"},
    {"token",
     command_token,
     {"JWT_SECRET"},
     "token --business N [--ttl 8h]   print a session token"},
    {"status",
     command_status,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "status [--json] [--watch]       show how things are"},
    {"reconcile",
     command_reconcile,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "reconcile                       find recordings whose callback never came"},
    {"retain",
     command_retain,
     {"DATABASE_URL", "RECORDINGS_DIR"},
     "retain [--dry-run] [--all]      delete the recordings whose time is over"},
    {"backfill",
     command_backfill,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "backfill --business N --since D fetch the recordings of past days; [--until D]"},
    {"move",
     command_move,
     {"DATABASE_URL", "RECORDINGS_DIR", "S3_ENDPOINT"},
     "move --to s3 | --to disk [--keep] move all recordings to the object store, or back"},
    {"retry",
     command_retry,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "retry --call SID | --business N queue failed recordings again"},
    {"inbox",
     command_inbox,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "inbox [--again] [--json]        show callbacks that could not be used; try them again"},
    {"audit",
     command_audit,
     {"DATABASE_URL", "REDIS_URL"},
     "audit --call SID                show who listened to a call"},
    {"transcribe",
     command_transcribe,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "transcribe --call SID [--again] transcribe and summarise a call, or a recording; or what\n"
     "                                failed: --business N --since DAY"},
    {"webhook",
     command_webhook,
     {"DATABASE_URL"},
     "webhook --business N --url URL  send complete calls to a webhook; [--off]: stop"},
    {"config",
     command_config,
     {NULL},
     "config [--names]                print the effective configuration"},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static int usage(FILE *out)
{
    fputs("usage: tapedeck COMMAND [OPTIONS]\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %s\n", COMMANDS[i].usage);
    }
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0) {
            return &COMMANDS[i];
        }
    }
    return NULL;
}

/* The folder this binary is in, where tapedeck.env is looked for. */
static const char *binary_dir(char path[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) {
        return ".";
    }
    path[n] = '\0';
    return dirname(path);
}

static int run_connected(const struct command *command, struct app *app, int argc, char **argv)
{
    const struct config *config = app->config;
    bool needs_redis = config->redis_url[0] != '\0';
    int status = EXIT_USAGE;
    app->pg = pg_new(config->database_url, config->pg_timeout);
    app->redis = needs_redis ? redis_new(config->redis_url, config->redis_timeout) : NULL;
    app->metrics = metrics_new();
    app->s3 = s3_is_configured(config) ? s3_new(config) : NULL;
    if (app->s3 == NULL && s3_is_configured(config)) {
        fprintf(stderr, "tapedeck: the object store's client could not be set up\n");
    } else if (app->pg == NULL || (needs_redis && app->redis == NULL)) {
        fprintf(stderr, "tapedeck: configuration: %s: this value is not valid\n",
                app->pg == NULL ? "DATABASE_URL" : "REDIS_URL");
    } else {
        status = command->run(app, argc, argv);
        metrics_flush(app, true);
    }
    pg_free(app->pg);
    redis_free(app->redis);
    metrics_free(app->metrics);
    s3_free(app->s3);
    return status;
}

static int run_configured(const struct command *command, int argc, char **argv)
{
    struct config config;
    char error[CONFIG_ERROR_SIZE], path[PATH_MAX];
    if (config_load(&config, binary_dir(path), error) != RESULT_OK) {
        fprintf(stderr, "tapedeck: %s\n", error);
        return EXIT_USAGE;
    }
    int status = EXIT_USAGE;
    struct credentials *credentials = NULL;
    const char *missing = config_missing(&config, command->needs);
    if (missing != NULL) {
        fprintf(stderr, "tapedeck: configuration: %s is not set, and `%s` needs it\n", missing,
                command->name);
    } else if (credentials_load(&config, &credentials, error) != RESULT_OK) {
        fprintf(stderr, "tapedeck: %s\n", error);
    } else {
        struct app app = {.config = &config, .credentials = credentials};
        status = run_connected(command, &app, argc, argv);
    }
    credentials_free(credentials);
    config_free(&config);
    return status;
}

int main(int argc, char **argv)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    umask(027);
    sigaction(SIGPIPE, &ignore, NULL); /* a server that went away is an error, not our end */
    if (argc < 2) {
        return usage(stderr);
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
        return usage(stdout);
    }
    child_command *run_command = child_command_named(argv + 1);
    if (run_command != NULL) {
        /* Nothing is buffered, and the runner may kill it at any time. */
        _exit(child_command_run(run_command, argv + 1));
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "tapedeck: no such command: %.32s\n", argv[1]);
        return usage(stderr);
    }
    return run_configured(command, argc - 2, argv + 2);
}
