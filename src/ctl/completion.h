/* Completes a partial command line from the command table, for the scripts in src/completion/. */
#ifndef SKEP_CTL_COMPLETION_H
#define SKEP_CTL_COMPLETION_H

#include "ctl/output.h"

/* The scripts call "skepctl complete -- WORD...". Not a command for users. */
#define COMPLETION_REQUEST "complete"

/* Prints the candidates for the last of `words`, which follow "skepctl" on the command line; the
 * last one may be empty. Each is a line "CANDIDATE\tSUMMARY" or "CANDIDATE". A final line tells
 * which file names are candidates, too: ":none", ":files" or ":torrents" (*.torrent). Asks skepd or
 * the database for registered entries, and prints errors of that to standard error. */
enum status completion_print(char *const *words, int count);

#endif
