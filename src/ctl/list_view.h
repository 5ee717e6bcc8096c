/* Sort keys and texts of the torrents and peers that the API lists, for the commands that show
 * them. */
#ifndef SKEP_CTL_LIST_VIEW_H
#define SKEP_CTL_LIST_VIEW_H

#include <jansson.h>

#include "ctl/command_line.h"
#include "ctl/format.h"

enum {
    LIST_VIEW_SORTS = 7,
    LIST_VIEW_ADDRESS_LEN = 160, /* with the terminating zero */
};

/* Sort keys for torrents; the list ends with NULL. */
extern const char *const list_view_sorts[LIST_VIEW_SORTS + 1];
extern const struct option_spec option_sort;
enum { LIST_VIEW_SORT_DEFAULT = 2 /* seeders */ };

/* The name of a sort key in the API. */
const char *list_view_api_sort(size_t sort);

/* The order of a sort key: names and health ascending, numbers descending, unless reversed. */
bool list_view_is_ascending(size_t sort, bool reverse);

/* Writes the "?offset=…&limit=…" of a request for a list. False after printing that one of the
 * options is invalid. */
bool list_view_put_page(struct writer *w, const struct command_line *line);

/* Prints a line below a list that is empty, or that has more items than are shown. */
void list_view_print_total(const json_t *response, const char *what);

/* "192.0.2.1:6881" or "[2001:db8::1]:6881". */
void list_view_peer_address(const json_t *peer, char text[static LIST_VIEW_ADDRESS_LEN]);

/* How much of the torrent a peer has, "43 %"; "-" if unknown. */
void list_view_peer_progress(const json_t *peer, char text[static FORMAT_NUMBER_LEN]);

/* "reachable", "firewalled" or "not probed". */
const char *list_view_peer_reach(const json_t *peer);

#endif
