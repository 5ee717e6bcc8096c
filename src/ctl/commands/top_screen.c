#include "ctl/commands/top_screen.h"

#include <curses.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>

#include "ctl/api_client.h"
#include "ctl/list_view.h"

enum { HEAD_LINES = 4, FOOT_LINES = 1, CELL_LEN = 256, PART_LEN = 320, UNSORTED = LIST_VIEW_SORTS };

/* The last column takes the rest of the line. */
struct column {
    const char *title;
    int width;           /* with the gap before it; of the last column: the minimum */
    size_t sort;         /* index in list_view_sorts, or UNSORTED */
    unsigned omit_order; /* omitted in this order on a narrow screen, from 1; 0: never */
    bool left;           /* left-aligned */
};

enum { GAP = 2 };

enum { SEEDERS, LEECHERS, COMPLETED, SIZE, RATE, HEALTH, NAME, TORRENT_COLUMNS };

static const struct column torrent_columns[TORRENT_COLUMNS] = {
    [SEEDERS] = { "SEEDERS", 10, 2, 6, false },
    [LEECHERS] = { "LEECHERS", 11, 3, 5, false },
    [COMPLETED] = { "COMPLETED", 12, 4, 1, false },
    [SIZE] = { "SIZE", 11, 1, 2, false },
    [RATE] = { "RATE", 13, 5, 3, false },
    [HEALTH] = { "HEALTH", 10, 6, 4, true },
    [NAME] = { "NAME", 14, 0, 0, true },
};

enum { ROLE, DONE, DOWN, UP, REACH, CLIENT, ADDRESS, PEER_COLUMNS };

static const struct column peer_columns[PEER_COLUMNS] = {
    [ROLE] = { "ROLE", 10, UNSORTED, 5, true },
    [DONE] = { "DONE", 7, UNSORTED, 6, false },
    [DOWN] = { "DOWN", 13, UNSORTED, 2, false },
    [UP] = { "UP", 13, UNSORTED, 1, false },
    [REACH] = { "REACH", 13, UNSORTED, 4, true },
    [CLIENT] = { "CLIENT", 22, UNSORTED, 3, true },
    [ADDRESS] = { "ADDRESS", 21, UNSORTED, 0, true },
};

enum { COLUMNS_MAX = 8 };
_Static_assert((int)TORRENT_COLUMNS <= (int)COLUMNS_MAX, "COLUMNS_MAX is too small");
_Static_assert((int)PEER_COLUMNS <= (int)COLUMNS_MAX, "COLUMNS_MAX is too small");

typedef void (*cell_formatter)(const json_t *item, size_t column, char text[static CELL_LEN]);

struct table {
    const struct column *columns;
    size_t count;
    cell_formatter format;
    bool shown[COLUMNS_MAX];
};

int top_screen_rows(void) {
    const int rows = LINES - HEAD_LINES - FOOT_LINES;
    return rows < 1 ? 1 : rows > TOP_VIEW_ROWS_MAX ? TOP_VIEW_ROWS_MAX : rows;
}

static void clear_line(int row) {
    move(row, 0);
    clrtoeol();
}

/* A line that is too long wraps, and the next line overwrites the rest. */
static void put_line(int row, const char *text) {
    if (row >= LINES)
        return;
    clear_line(row);
    addstr(text);
}

/* Puts the parts that fit; skips empty ones. */
static void put_parts(int row, char (*parts)[PART_LEN], size_t count) {
    int column = 0;
    clear_line(row);
    for (size_t i = 0; i < count; i++) {
        const int len = (int)strlen(parts[i]);
        if (len == 0 || (column > 0 && column + len > COLS))
            continue;
        mvaddstr(row, column, parts[i]);
        column += len + GAP;
    }
}

static void put_title(const struct top_view *view) {
    char parts[4][PART_LEN];
    char version[64];
    char uptime[FORMAT_NUMBER_LEN];
    char interval[FORMAT_NUMBER_LEN];
    format_clean(bytes_of(api_client_text(view->status, "version", "?")), version, sizeof version);
    format_duration(api_client_number(view->status, "uptime_s"), uptime);
    format_duration(api_client_number(view->status, "interval_s"), interval);
    snprintf(parts[0], PART_LEN, "skepd %s", version);
    snprintf(parts[1], PART_LEN, "up %s", uptime);
    format_time((int64_t)api_client_number(view->status, "now"), parts[2]);
    snprintf(parts[3], PART_LEN, "interval %s", interval);
    put_parts(0, parts, 4);
}

static void put_totals(const json_t *totals) {
    char parts[7][PART_LEN];
    char up[FORMAT_NUMBER_LEN];
    char down[FORMAT_NUMBER_LEN];
    format_rate(api_client_number(totals, "upload_rate"), up);
    format_rate(api_client_number(totals, "download_rate"), down);
    snprintf(parts[0], PART_LEN, "torrents %" PRIu64, api_client_number(totals, "torrents"));
    snprintf(parts[1], PART_LEN, "seeders %" PRIu64, api_client_number(totals, "seeders"));
    snprintf(parts[2], PART_LEN, "leechers %" PRIu64, api_client_number(totals, "leechers"));
    snprintf(parts[3], PART_LEN, "down %s", down);
    snprintf(parts[4], PART_LEN, "up %s", up);
    snprintf(parts[5], PART_LEN, "announces %.1f/s", api_client_real(totals, "announces_per_s"));
    snprintf(parts[6], PART_LEN, "peers %" PRIu64, api_client_number(totals, "peers"));
    put_parts(1, parts, 7);
}

static void put_peer_count(const struct top_view *view) {
    char line[PART_LEN];
    snprintf(line, sizeof line, "peers %" PRIu64 " of %s",
             api_client_number(view->peers.response, "total"), view->name);
    put_line(1, line);
}

/* The error of the last update, or the first warning of skepd. */
static void put_warning(const struct top_view *view) {
    char line[2 * PART_LEN];
    const json_t *warning = json_array_get(json_object_get(view->status, "warnings"), 0);
    const char *text = view->failed ? api_client_failure(view->client) : json_string_value(warning);
    format_clean(bytes_of(text == NULL ? "" : text), line, sizeof line);
    attron(A_BOLD);
    put_line(2, line);
    attroff(A_BOLD);
}

static struct table choose_columns(const struct column *columns, size_t count,
                                   cell_formatter format) {
    struct table table = { .columns = columns, .count = count, .format = format };
    int width = GAP;
    for (size_t i = 0; i < count; i++) {
        table.shown[i] = true;
        width += columns[i].width;
    }
    for (unsigned order = 1; order < count && width > COLS; order++) {
        for (size_t i = 0; i < count; i++) {
            if (columns[i].omit_order != order)
                continue;
            table.shown[i] = false;
            width -= columns[i].width;
        }
    }
    return table;
}

/* Number of UTF-8 characters; numbers and titles have no wide ones. */
static int text_width(const char *text) {
    int len = 0;
    for (; *text != '\0'; text++)
        len += (*text & 0xc0) != 0x80 ? 1 : 0;
    return len;
}

/* The next cell overwrites a text that is too long. */
static void put_cell(int row, int at, const struct column *column, bool last, const char *text) {
    const int end = at + column->width;
    const int start = last ? at + GAP : column->left ? at + GAP : end - text_width(text);
    mvaddstr(row, start < 0 ? 0 : start, text);
    if (!last && getcurx(stdscr) > end)
        move(row, end);
}

static void format_title(const struct top_view *view, const struct column *column,
                         char text[static CELL_LEN]) {
    const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const char *up = utf8 ? "↑ " : "+ ";
    const char *down = utf8 ? "↓ " : "- ";
    const char *mark = column->sort != view->sort                          ? ""
                       : list_view_is_ascending(view->sort, view->reverse) ? up
                                                                           : down;
    snprintf(text, CELL_LEN, "%s%s", mark, column->title);
}

/* NULL `item`: the titles. */
static void put_row(const struct top_view *view, const struct table *table, int row,
                    const json_t *item, attr_t how) {
    char text[CELL_LEN];
    int at = 0;
    clear_line(row);
    attron(how);
    for (int column = 0; column < COLS && how != A_NORMAL; column++)
        mvaddch(row, column, ' ');
    for (size_t i = 0; i < table->count; i++) {
        if (!table->shown[i])
            continue;
        if (item == NULL)
            format_title(view, &table->columns[i], text);
        else
            table->format(item, i, text);
        put_cell(row, at, &table->columns[i], i + 1 == table->count, text);
        at += table->columns[i].width;
    }
    attroff(how);
}

static void put_number(const json_t *item, const char *key, char text[static CELL_LEN]) {
    snprintf(text, CELL_LEN, "%" PRIu64, api_client_number(item, key));
}

static void put_text(const json_t *item, const char *key, char text[static CELL_LEN]) {
    format_clean(bytes_of(api_client_text(item, key, "?")), text, CELL_LEN);
}

static void put_rate(const json_t *item, const char *key, char text[static CELL_LEN]) {
    snprintf(text, CELL_LEN, "-");
    if (api_client_number(item, key) > 0)
        format_rate(api_client_number(item, key), text);
}

static void format_torrent_cell(const json_t *torrent, size_t column, char text[static CELL_LEN]) {
    const char *name = api_client_text(torrent, "name", "");
    switch (column) {
    case SEEDERS:
        put_number(torrent, "seeders", text);
        break;
    case LEECHERS:
        put_number(torrent, "leechers", text);
        break;
    case COMPLETED:
        put_number(torrent, "downloaded", text);
        break;
    case SIZE:
        snprintf(text, CELL_LEN, "-");
        if (json_is_number(json_object_get(torrent, "size")))
            format_size(api_client_number(torrent, "size"), text);
        break;
    case RATE:
        put_rate(torrent, "download_rate", text);
        break;
    case HEALTH:
        put_text(torrent, "health", text);
        break;
    default:
        put_text(torrent, name[0] != '\0' ? "name" : "info_hash", text);
        break;
    }
}

static void format_peer_cell(const json_t *peer, size_t column, char text[static CELL_LEN]) {
    switch (column) {
    case ROLE:
        put_text(peer, "role", text);
        break;
    case DONE:
        list_view_peer_progress(peer, text);
        break;
    case DOWN:
        put_rate(peer, "download_rate", text);
        break;
    case UP:
        put_rate(peer, "upload_rate", text);
        break;
    case REACH:
        snprintf(text, CELL_LEN, "%s", list_view_peer_reach(peer));
        break;
    case CLIENT:
        put_text(peer, "client", text);
        break;
    default:
        list_view_peer_address(peer, text);
        break;
    }
}

static void put_table(const struct top_view *view, const struct table *table,
                      const struct top_list *list, int chosen) {
    const json_t *items = json_object_get(list->response, "items");
    const int last = LINES - FOOT_LINES;
    put_row(view, table, HEAD_LINES - 1, NULL, A_BOLD | A_UNDERLINE);
    for (int row = HEAD_LINES; row < last; row++) {
        const int number = row - HEAD_LINES;
        const json_t *item = json_array_get(items, (size_t)number);
        if (item == NULL)
            put_line(row, "");
        else
            put_row(view, table, row, item, list->offset + number == chosen ? A_REVERSE : A_NORMAL);
    }
}

void top_screen_draw(const struct top_view *view) {
    const bool peers = top_view_shows_peers(view);
    const struct table table =
        peers ? choose_columns(peer_columns, PEER_COLUMNS, format_peer_cell)
              : choose_columns(torrent_columns, TORRENT_COLUMNS, format_torrent_cell);
    put_title(view);
    if (peers)
        put_peer_count(view);
    else
        put_totals(json_object_get(view->status, "totals"));
    put_warning(view);
    put_table(view, &table, peers ? &view->peers : &view->torrents, peers ? -1 : view->chosen);
    put_line(LINES - FOOT_LINES, peers ? "q, Esc back   arrows, pages scroll"
                                       : "q quit   s, S sort   r reverse   arrows, Enter peers");
    refresh();
}
