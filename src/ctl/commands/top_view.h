/* State of skepctl top: the torrents with a selection, or the peers of one torrent. One thread. */
#ifndef SKEP_CTL_COMMANDS_TOP_VIEW_H
#define SKEP_CTL_COMMANDS_TOP_VIEW_H

#include "ctl/api_client.h"
#include "swarm/announce.h"

enum { TOP_VIEW_ROWS_MAX = 500 /* the largest limit of the API */ };

/* The part of a list that is on the screen. */
struct top_list {
    json_t *response; /* the last one; NULL: none yet */
    int offset;       /* of the first item of `response` */
    int wanted;       /* offset of the next request */
};

struct top_view {
    struct api_client *client;
    size_t sort; /* index in list_view_sorts */
    bool reverse;
    int chosen;     /* position of the selected torrent in the whole list, from 0 */
    json_t *status; /* the last response; NULL: none yet */
    struct top_list torrents;
    struct top_list peers; /* of the torrent `hash` */
    char hash[2 * INFO_HASH_LEN +
              1]; /* the torrent whose peers are shown; "": the torrents are shown */
    char name[256];
    bool failed; /* the last update; the reason is in api_client_failure */
};

static inline bool top_view_shows_peers(const struct top_view *view) {
    return view->hash[0] != '\0';
}

/* Moves the selection, or scrolls the peers, by `by` items. `rows` as in top_view_fetch. */
void top_view_move(struct top_view *view, int by, int rows);

/* Requests the status and the items of `rows` rows. Keeps the old responses on failure. */
void top_view_fetch(struct top_view *view, int rows);

/* Shows the peers of the selected torrent. */
void top_view_enter(struct top_view *view);

/* Returns to the torrents. */
void top_view_leave(struct top_view *view);

/* Frees the responses, but not the client. */
void top_view_clear(struct top_view *view);

#endif
