/*
 * What is shown to somebody who looks on: whole pages on a terminal, or one after the other where
 * stdout is none; one line that changes; and the wish to stop (SIGINT, SIGTERM), heard in between.
 *
 * The log would tear a page or a line that stands on the same terminal, and is kept off it
 * meanwhile; one that goes to a file or a pipe goes on.
 *
 * No line is wider than the terminal, or than SCREEN_WIDTH. What is not printable is shown as '?',
 * so that nothing in a table can talk to the terminal.
 */
#ifndef TAPEDECK_JOBS_COMMANDS_TERMINAL_H
#define TAPEDECK_JOBS_COMMANDS_TERMINAL_H

#include <stdbool.h>

enum { SCREEN_WIDTH = 100 };

struct screen {
    int signals; /* stop.h */
    int log;     /* stderr, while it is kept off the terminal; else -1 */
    bool is_tty;
    bool is_open; /* on the terminal's other page */
    bool line;    /* a line stands there that will be written over */
};

/* Begins to listen for the wish to stop. False when that cannot be. Ends with screen_end, which
 * gives the terminal back as it was. */
bool screen_begin(struct screen *screen);
void screen_end(struct screen *screen);

/* Shows a page of lines in the place of the last one; on a terminal as much as there is room for.
 * False when nobody reads it any more. */
bool screen_page(struct screen *screen, const char *text);

/* Shows one line in the place of the last one; where stdout is no terminal, as a new one. */
bool screen_line(struct screen *screen, const char *text);

/* Waits this long. True when somebody wants us to stop. */
bool screen_wait(struct screen *screen, int ms);

/* Prints lines, each cut to its width. For those who look once. */
void screen_print(const char *text);

#endif
