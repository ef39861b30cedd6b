/*
 * Child commands: the work that a runner gives to a child (child.h). Each reads its stdin, writes
 * its stdout, has no configuration, and returns the process's exit status.
 */
#ifndef TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H
#define TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H

enum {
    CHILD_DONE = 0,
    CHILD_NOT_DONE = 1,   /* no memory, no disk: another time it may work */
    CHILD_UNREADABLE = 3, /* what came in cannot be read, and never will be */
};

/* The command of this name. NULL when there is none. */
typedef int child_command(void);
child_command *child_command_named(const char *name);

/* "peaks": a recording's waveform (peaks.h). "speech": what of it is sent to a speech server. */
child_command child_peaks, child_speech;

#endif
