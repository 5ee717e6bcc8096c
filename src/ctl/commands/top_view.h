/* State of skepctl top: the list of torrents, one of them selected, or the peers of one. One
 * thread. */
#ifndef SKEP_CTL_COMMANDS_TOP_VIEW_H
#define SKEP_CTL_COMMANDS_TOP_VIEW_H

#include "ctl/api_client.h"
#include "swarm/announce.h"

enum { TOP_VIEW_ROWS_MAX = 500 /* page size of the API */ };

/* A list and its visible part. */
struct top_list {
    json_t *answer; /* latest response; NULL: none */
    int offset;     /* offset of `answer` */
    int wanted;     /* offset of the next request */
};

struct top_view {
    struct api_client *remote;
    size_t sort; /* index in torrent_sorts */
    bool reverse;
    int chosen;     /* selected torrent, from 0 */
    json_t *status; /* latest response; NULL: none */
    struct top_list torrents;
    struct top_list peers; /* of the torrent below */
    char hash[2 * INFO_HASH_LEN +
              1]; /* the torrent whose peers are shown; empty: the list of torrents is shown */
    char name[256];
    bool failed; /* the last request failed; see api_client_failure */
};

/* Names and problems ascending, numbers descending. */
bool top_view_is_ascending(const struct top_view *view);

static inline bool top_view_shows_peers(const struct top_view *view) {
    return view->hash[0] != '\0';
}

/* Moves the selection, or scrolls the peers, by `by` rows. */
void top_view_move(struct top_view *view, int by, int rows);

/* Fetches the contents of `rows` rows. Keeps earlier contents if that fails. */
void top_view_fetch(struct top_view *view, int rows);

/* Opens the selected torrent; returns to the list. */
void top_view_enter(struct top_view *view);
void top_view_leave(struct top_view *view);

/* Frees the responses, but not the client. */
void top_view_clear(struct top_view *view);

#endif
