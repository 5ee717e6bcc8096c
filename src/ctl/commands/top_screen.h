/* Draws skepctl top with ncurses. One thread. */
#ifndef SKEP_CTL_COMMANDS_TOP_SCREEN_H
#define SKEP_CTL_COMMANDS_TOP_SCREEN_H

#include "ctl/commands/top_view.h"

/* Number of rows for torrents or peers; at least 1. */
int top_screen_rows(void);

/* Omits the least important columns if the terminal is too narrow. */
void top_screen_draw(const struct top_view *view);

#endif
