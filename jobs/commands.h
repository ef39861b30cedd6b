/*
 * The commands of `tapedeck`, one a file. Each gets the arguments after its name, and returns the
 * process's exit status: 0 done, 1 not done (a line on stderr says why), 2 wrong arguments.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_H
#define TAPEDECK_JOBS_COMMANDS_H

#include "app.h"

enum { EXIT_DONE = 0, EXIT_NOT_DONE = 1, EXIT_USAGE = 2 };

int command_drain(const struct app *app, int argc, char **argv);
int command_cleanup(const struct app *app, int argc, char **argv);
int command_migrate(const struct app *app, int argc, char **argv);
int command_token(const struct app *app, int argc, char **argv);
int command_status(const struct app *app, int argc, char **argv);
int command_retain(const struct app *app, int argc, char **argv);
int command_move(const struct app *app, int argc, char **argv);
int command_retry(const struct app *app, int argc, char **argv);
int command_reconcile(const struct app *app, int argc, char **argv);
int command_audit(const struct app *app, int argc, char **argv);
int command_transcribe(const struct app *app, int argc, char **argv);
int command_webhook(const struct app *app, int argc, char **argv);
int command_inbox(const struct app *app, int argc, char **argv);
int command_backfill(const struct app *app, int argc, char **argv);
int command_config(const struct app *app, int argc, char **argv);

#endif
