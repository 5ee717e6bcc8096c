#include "ctl/commands/top_view.h"

#include <stdio.h>

#include "ctl/api_client.h"
#include "ctl/format.h"
#include "ctl/list_view.h"

enum { PATH_LEN = 160, LIST_MAX = 1 << 30 };

static bool fetch_json(struct top_view *view, const char *path, json_t **place) {
    json_t *value;
    if (api_client_get(view->client, path, &value) != STATUS_GOOD)
        return false;
    json_decref(*place);
    *place = value;
    return true;
}

static bool fetch_list(struct top_view *view, const char *path, struct top_list *list) {
    if (!fetch_json(view, path, &list->response))
        return false;
    list->offset = list->wanted;
    return true;
}

/* `at + by`, limited to the items of the list. */
static int move_within(const struct top_list *list, int at, int by) {
    const uint64_t total = api_client_number(list->response, "total");
    const int last = total > LIST_MAX ? LIST_MAX : (int)total - 1;
    const int to = by > last - at ? last : at + by;
    return to < 0 ? 0 : to;
}

void top_view_move(struct top_view *view, int by, int rows) {
    struct top_list *list = &view->torrents;
    if (top_view_shows_peers(view)) {
        view->peers.wanted = move_within(&view->peers, view->peers.wanted, by);
        return;
    }
    view->chosen = move_within(list, view->chosen, by);
    if (list->wanted > view->chosen)
        list->wanted = view->chosen;
    if (list->wanted + rows <= view->chosen)
        list->wanted = view->chosen - rows + 1;
}

void top_view_fetch(struct top_view *view, int rows) {
    char path[PATH_LEN];
    struct top_list *list = &view->torrents;
    if (top_view_shows_peers(view)) {
        list = &view->peers;
        snprintf(path, sizeof path, "torrents/%s/peers?offset=%d&limit=%d", view->hash,
                 list->wanted, rows);
    } else {
        snprintf(path, sizeof path, "torrents?sort=%s&order=%s&offset=%d&limit=%d",
                 list_view_api_sort(view->sort),
                 list_view_is_ascending(view->sort, view->reverse) ? "asc" : "desc", list->wanted,
                 rows);
    }
    view->failed = !fetch_json(view, "status", &view->status) || !fetch_list(view, path, list);
    /* The list or the screen may have become shorter. */
    top_view_move(view, 0, rows);
}

/* Takes the torrent of the response on the screen: the order on the server may have changed. */
void top_view_enter(struct top_view *view) {
    const int row = view->chosen - view->torrents.offset;
    const json_t *items = json_object_get(view->torrents.response, "items");
    const json_t *torrent = row < 0 ? NULL : json_array_get(items, (size_t)row);
    const char *hash = api_client_text(torrent, "info_hash", "");
    uint8_t info_hash[INFO_HASH_LEN];
    if (top_view_shows_peers(view) || !hex_decode(bytes_of(hash), info_hash, INFO_HASH_LEN))
        return;
    hex_encode(info_hash, INFO_HASH_LEN, view->hash);
    format_clean(bytes_of(api_client_text(torrent, "name", view->hash)), view->name,
                 sizeof view->name);
}

void top_view_leave(struct top_view *view) {
    json_decref(view->peers.response);
    view->peers = (struct top_list){ 0 };
    view->hash[0] = '\0';
}

void top_view_clear(struct top_view *view) {
    json_decref(view->status);
    json_decref(view->torrents.response);
    json_decref(view->peers.response);
    view->status = NULL;
    view->torrents.response = NULL;
    view->peers.response = NULL;
}
