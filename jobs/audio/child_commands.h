/*
 * Child commands: the work that a runner gives to a child (child.h). Each reads its stdin, writes
 * its stdout, has no configuration, and returns the process's exit status. Before its first byte is
 * read the process closes itself (base/sandbox.h), unless CHILD_OPEN follows its name.
 */
#ifndef TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H
#define TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H

enum {
    CHILD_DONE = 0,
    CHILD_NOT_DONE = 1,   /* no memory, no disk: another time it may work */
    CHILD_UNREADABLE = 3, /* what came in cannot be read, and never will be */
};

#define CHILD_OPEN "open"

typedef int child_command(void);

/* The child command that these words of a command line are, `words` ending with NULL; NULL when
 * they are none. */
child_command *child_command_named(char *const *words);

/* Closes this process, unless `words` say CHILD_OPEN, and runs the command. What the kernel lacks
 * is passed over: the runner has said so. */
int child_command_run(child_command *run, char *const *words);

/* "peaks": a recording's waveform (peaks.h). "speech": what of it is sent to a speech server. */
child_command child_peaks, child_speech;

#endif
