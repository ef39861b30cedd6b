/*
 * Hidden commands: the work that a runner gives to a child (child.h). Each reads its stdin, writes
 * its stdout, has no configuration, and returns the process's exit status.
 */
#ifndef TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H
#define TAPEDECK_JOBS_AUDIO_CHILD_COMMANDS_H

enum {
    CHILD_DONE = 0,
    CHILD_NOT_DONE = 1,   /* no memory, no disk: another time it may work */
    CHILD_UNREADABLE = 3, /* what came in cannot be read, and never will be */
};

/* Does the piece of this name. False when there is none. */
typedef int piece(void);
piece *child_command_named(const char *name);

piece child_peaks;  /* "peaks": a recording's waveform (peaks.h) */
piece child_speech; /* "speech": what of a recording is sent to a speech server (speech_child.c) */

#endif
