/* What skepctl top shows: torrents, of which one is chosen, or the peers of one. One thread. */
#ifndef SKEP_CTL_COMMANDS_TOP_VIEW_H
#define SKEP_CTL_COMMANDS_TOP_VIEW_H

#include "ctl/api_client.h"
#include "swarm/announce.h"

enum { TOP_VIEW_ROWS_MAX = 500 /* what the API gives at once */ };

/* A list, and the part of it that is on the screen. */
struct top_list {
    json_t *answer; /* the last that was had; NULL: none */
    int offset;     /* that `answer` begins at */
    int wanted;     /* the next one is to begin at */
};

struct top_view {
    struct api_client *remote;
    size_t sort; /* of torrent_sorts */
    bool reverse;
    int chosen;     /* which of all torrents, from 0 */
    json_t *status; /* the last that was had; NULL: none */
    struct top_list torrents;
    struct top_list peers;            /* of the one below */
    char hash[2 * INFO_HASH_LEN + 1]; /* whose peers are shown; empty: the torrents are */
    char name[256];
    bool failed; /* the last time nothing was had; api_client_failure says why */
};

/* Names and troubles from the start, figures from the largest. */
bool top_view_is_ascending(const struct top_view *view);

static inline bool top_view_shows_peers(const struct top_view *view) {
    return view->hash[0] != '\0';
}

/* Chooses the torrent that is `by` further down, or shows other peers. */
void top_view_move(struct top_view *view, int by, int rows);

/* Asks for what `rows` rows show. What was had before stays where nothing new comes. */
void top_view_fetch(struct top_view *view, int rows);

/* Shows the peers of the chosen torrent; goes back to the torrents. */
void top_view_enter(struct top_view *view);
void top_view_leave(struct top_view *view);

/* Frees what was had; not the remote. */
void top_view_clear(struct top_view *view);

#endif
