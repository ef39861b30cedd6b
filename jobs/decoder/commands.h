/*
 * What the decoder does: each reads its stdin, writes its stdout, has no configuration, and returns
 * the process's exit status (audio/child.h). Before its first byte is read the process has closed
 * itself (base/sandbox.h), unless CHILD_OPEN follows the command's name.
 */
#ifndef TAPEDECK_JOBS_DECODER_COMMANDS_H
#define TAPEDECK_JOBS_DECODER_COMMANDS_H

typedef int decoder_command(void);

/* "peaks": a recording's waveform (audio/peaks.h). "speech": what of it is sent to a speech server.
 */
decoder_command decoder_peaks, decoder_speech;

#endif
