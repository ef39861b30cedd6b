/*
 * tapedeck: the job runner and operator's tool. `tapedeck COMMAND [OPTIONS]`.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own_folder.h"
#include "base/version.h"
#include "commands.h"
#include "observe/metrics.h"

struct command {
    const char *name;
    int (*run)(const struct app *app, int argc, char **argv);
    const char *needs[6];  /* configuration it cannot do without */
    const char *arguments; /* as its usage shows them */
    const char *summary;
    const char *options; /* a line each */
};

static const struct command COMMANDS[] = {
    {"drain",
     command_drain,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "[--once | --linger DURATION]",
     "fetch what is queued",
     "  --once               end when nothing is left\n"
     "  --linger DURATION    wait for more work so long, not RUNNER_LINGER: 55s\n"},
    {"cleanup",
     command_cleanup,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "",
     "repair what a fault left behind",
     ""},
    {"migrate",
     command_migrate,
     {"DATABASE_URL"},
     "[--check]",
     "bring the schema up to date",
     "  --check              only say what is missing\n"},
    {"token",
     command_token,
     {"JWT_SECRET"},
     "--business ID [--ttl DURATION] [--sub NAME]",
     "print a session token",
     "  --business ID        whose recordings it opens\n"
     "  --ttl DURATION       how long it is good: 8h\n"
     "  --sub NAME           whom the audit shows as the listener\n"},
    {"status",
     command_status,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "[--json] [--watch] [--businesses COUNT]",
     "show how things are",
     "  --json               one object on a line\n"
     "  --watch              again every two seconds\n"
     "  --businesses COUNT   how many businesses are shown: 20\n"},
    {"reconcile",
     command_reconcile,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "",
     "find recordings whose callback never came",
     ""},
    {"retain",
     command_retain,
     {"DATABASE_URL", "RECORDINGS_DIR"},
     "[--dry-run] [--all]",
     "delete the recordings whose time is over",
     "  --dry-run            show them, and delete nothing\n"
     "  --all                delete them, also more than RETENTION_MAX_SHARE\n"},
    {"backfill",
     command_backfill,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
     "--business ID --since DAY [--until DAY]",
     "fetch the recordings of past days",
     "  --business ID        whose\n"
     "  --since DAY          the first day: 2026-01-31\n"
     "  --until DAY          the last day; today\n"},
    {"move",
     command_move,
     {"DATABASE_URL", "RECORDINGS_DIR", "S3_ENDPOINT"},
     "--to s3|disk [--keep]",
     "move all recordings to the object store, or back",
     "  --to s3|disk         where to\n"
     "  --keep               leave the other copy where it is\n"},
    {"retry",
     command_retry,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "--call SID | --business ID [--watch]",
     "queue failed recordings again",
     "  --call SID           those of one call, or one recording\n"
     "  --business ID        all of a business\n"
     "  --watch              show how far runners are with them\n"},
    {"inbox",
     command_inbox,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "[--json] [--limit COUNT] | --again",
     "show callbacks that could not be used",
     "  --json               an object on each line\n"
     "  --limit COUNT        how many are shown: 100\n"
     "  --again              try those again that could not be used\n"},
    {"audit",
     command_audit,
     {"DATABASE_URL", "REDIS_URL"},
     "--call SID | --business ID",
     "show who listened to a call, or took from a business",
     "  --call SID           a call, or one of its recordings\n"
     "  --business ID        what was taken from a business lately\n"},
    {"transcribe",
     command_transcribe,
     {"DATABASE_URL", "REDIS_URL", "RECORDINGS_DIR"},
     "--call SID [--again] | --business ID --since DAY [--watch]",
     "transcribe and summarise calls",
     "  --call SID           a call, or one of its recordings\n"
     "  --again              also what has a transcript\n"
     "  --business ID        what failed, of a business\n"
     "  --since DAY          from that day on: 2026-01-31\n"
     "  --watch              show how far runners are with them\n"},
    {"webhook",
     command_webhook,
     {"DATABASE_URL"},
     "--business ID --url URL | --business ID --off",
     "send complete calls to a webhook",
     "  --business ID        whose calls\n"
     "  --url URL            where to; prints the secret that signs them\n"
     "  --off                send them no more\n"},
    {"config",
     command_config,
     {NULL},
     "[--names | --check]",
     "print the configuration in use, without secrets",
     "  --names              the names of all settings\n"
     "  --check              only say whether it is valid and complete\n"},
};

enum { COMMAND_COUNT = sizeof COMMANDS / sizeof *COMMANDS };

static int usage(FILE *out)
{
    fputs("usage: tapedeck COMMAND [OPTIONS]\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-12s%s\n", COMMANDS[i].name, COMMANDS[i].summary);
    }
    fputs("`tapedeck COMMAND --help` tells its options, `tapedeck --version` the version.\n", out);
    return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int command_help(const struct command *command)
{
    printf("usage: tapedeck %s %s\n%s\n%s", command->name, command->arguments, command->summary,
           command->options);
    return EXIT_DONE;
}

static bool is_one_of(const char *argument, const char *one, const char *other)
{
    return strcmp(argument, one) == 0 || strcmp(argument, other) == 0;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (is_one_of(argv[i], "--help", "-h")) {
            return true;
        }
    }
    return false;
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
        const char *name = app->pg == NULL ? "DATABASE_URL" : "REDIS_URL";
        fprintf(stderr, "tapedeck: configuration: %s: this value is not valid; wanted: %s\n", name,
                config_meaning(name));
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
    if (config_load(&config, own_folder(path), error) != RESULT_OK) {
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
    if (strcmp(argv[1], "help") == 0 || is_one_of(argv[1], "--help", "-h")) {
        return usage(stdout);
    }
    if (is_one_of(argv[1], "--version", "-V")) {
        printf("tapedeck %s\n", TAPEDECK_VERSION);
        return EXIT_DONE;
    }
    const struct command *command = find_command(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "tapedeck: no such command: %.32s\n", argv[1]);
        return usage(stderr);
    }
    if (asks_for_help(argc - 2, argv + 2)) {
        return command_help(command);
    }
    return run_configured(command, argc - 2, argv + 2);
}
