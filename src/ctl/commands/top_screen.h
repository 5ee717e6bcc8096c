/* Draws what skepctl top shows on the whole screen, by ncurses. One thread. */
#ifndef SKEP_CTL_COMMANDS_TOP_SCREEN_H
#define SKEP_CTL_COMMANDS_TOP_SCREEN_H

#include "ctl/commands/top_view.h"

/* How many torrents or peers there is room for; at least 1. */
int top_screen_rows(void);

/* Columns that there is no room for are left out, the least important ones first. */
void top_screen_draw(const struct top_view *view);

#endif
