#include "ctl/commands/top_view.h"

#include <stdio.h>

#include "ctl/api_client.h"
#include "ctl/format.h"

enum { PATH_LEN = 160, LIST_MAX = 1 << 30 };

bool top_view_is_ascending(const struct top_view *view) {
    const char *sort = torrent_sorts[view->sort];
    return (strcmp(sort, "name") == 0 || strcmp(sort, "health") == 0) != view->reverse;
}

static bool fetch_one(struct top_view *view, const char *path, json_t **place) {
    json_t *value;
    if (api_client_get(view->remote, path, &value) != STATUS_GOOD)
        return false;
    json_decref(*place);
    *place = value;
    return true;
}

static bool fetch_list(struct top_view *view, const char *path, struct top_list *list) {
    if (!fetch_one(view, path, &list->answer))
        return false;
    list->offset = list->wanted;
    return true;
}

/* `at + by`, limited to the list. */
static int moved(const struct top_list *list, int at, int by) {
    const uint64_t total = api_client_number(list->answer, "total");
    const int last = total > LIST_MAX ? LIST_MAX : (int)total - 1;
    const int to = by > last - at ? last : at + by;
    return to < 0 ? 0 : to;
}

void top_view_move(struct top_view *view, int by, int rows) {
    struct top_list *list = &view->torrents;
    if (top_view_shows_peers(view)) {
        view->peers.wanted = moved(&view->peers, view->peers.wanted, by);
        return;
    }
    view->chosen = moved(list, view->chosen, by);
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
                 torrent_sorts[view->sort], top_view_is_ascending(view) ? "asc" : "desc",
                 list->wanted, rows);
    }
    view->failed = !fetch_one(view, "status", &view->status) || !fetch_list(view, path, list);
    /* The list or the screen may have shrunk. */
    top_view_move(view, 0, rows);
}

/* Keeps the selected row, even if another torrent moves there. */
void top_view_enter(struct top_view *view) {
    const int row = view->chosen - view->torrents.offset;
    const json_t *items = json_object_get(view->torrents.answer, "items");
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
    json_decref(view->peers.answer);
    view->peers = (struct top_list){ 0 };
    view->hash[0] = '\0';
}

void top_view_clear(struct top_view *view) {
    json_decref(view->status);
    json_decref(view->torrents.answer);
    json_decref(view->peers.answer);
    view->status = NULL;
    view->torrents.answer = NULL;
    view->peers.answer = NULL;
}
