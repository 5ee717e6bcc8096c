#include "ctl/top_command.h"

#include <curses.h>
#include <inttypes.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/remote.h"
#include "ctl/text.h"
#include "ctl/torrents_command.h"

enum {
    PERIOD_MS = 1000,
    HEAD_LINES = 4,
    FOOT_LINES = 1,
    ROWS_MAX = 500, /* what the API gives at once */
    LINE_LEN = 512,
    PATH_LEN = 128,
    SCROLL_MAX = 1 << 30,
};

struct view {
    struct remote *remote;
    size_t sort; /* of torrent_sorts */
    bool reverse;
    int offset;
    json_t *status; /* the last that were had; NULL: none */
    json_t *torrents;
    bool failed; /* the last time nothing was had */
};

static const char *const titles[TORRENT_SORTS] = {
    "NAME", "SIZE", "SEEDERS", "LEECHERS", "COMPLETED", "RATE", "HEALTH",
};

static int rows_of_screen(void) {
    const int rows = LINES - HEAD_LINES - FOOT_LINES;
    return rows < 1 ? 1 : rows > ROWS_MAX ? ROWS_MAX : rows;
}

/* Names and troubles from the start, figures from the largest. */
static bool is_ascending(const struct view *view) {
    const char *sort = torrent_sorts[view->sort];
    return (strcmp(sort, "name") == 0 || strcmp(sort, "health") == 0) != view->reverse;
}

static bool fetch_one(struct view *view, const char *path, json_t **place) {
    json_t *value;
    if (remote_get(view->remote, path, &value) != STATUS_GOOD)
        return false;
    json_decref(*place);
    *place = value;
    return true;
}

/* What was had before stays where nothing new comes. */
static void fetch(struct view *view, int rows) {
    char path[PATH_LEN];
    snprintf(path, sizeof path, "torrents?sort=%s&order=%s&offset=%d&limit=%d",
             torrent_sorts[view->sort], is_ascending(view) ? "asc" : "desc", view->offset, rows);
    view->failed =
        !fetch_one(view, "status", &view->status) || !fetch_one(view, path, &view->torrents);
}

/* A line that starts at the left; what would reach past its end is drawn over by the next. */
static void put_line(int row, const char *text) {
    if (row >= LINES)
        return;
    move(row, 0);
    clrtoeol();
    addstr(text);
}

static void put_title(const struct view *view) {
    char line[LINE_LEN];
    char version[64];
    char uptime[TEXT_FIGURE_LEN];
    char interval[TEXT_FIGURE_LEN];
    char now[TEXT_FIGURE_LEN];
    text_clean(bytes_of(remote_text(view->status, "version", "?")), version, sizeof version);
    text_duration(remote_number(view->status, "uptime_s"), uptime);
    text_duration(remote_number(view->status, "interval_s"), interval);
    text_time(clock_unix_s(), now);
    snprintf(line, sizeof line, "skepd %s, up %s, interval %s   %s", version, uptime, interval,
             now);
    put_line(0, line);
}

static void put_totals(const json_t *totals) {
    char line[LINE_LEN];
    char up[TEXT_FIGURE_LEN];
    char down[TEXT_FIGURE_LEN];
    text_rate(remote_number(totals, "upload_rate"), up);
    text_rate(remote_number(totals, "download_rate"), down);
    snprintf(line, sizeof line,
             "torrents %" PRIu64 "  peers %" PRIu64 " (seeders %" PRIu64 ", leechers %" PRIu64
             ")  announces %.1f/s  up %s  down %s",
             remote_number(totals, "torrents"), remote_number(totals, "peers"),
             remote_number(totals, "seeders"), remote_number(totals, "leechers"),
             remote_real(totals, "announces_per_s"), up, down);
    put_line(1, line);
}

/* What is wrong, if anything is. */
static void put_trouble(const struct view *view) {
    char line[LINE_LEN];
    const json_t *warning = json_array_get(json_object_get(view->status, "warnings"), 0);
    const char *text = view->failed ? remote_failure(view->remote) : json_string_value(warning);
    text_clean(bytes_of(text == NULL ? "" : text), line, sizeof line);
    attron(A_BOLD);
    put_line(2, line);
    attroff(A_BOLD);
}

static const char *marked(const struct view *view, size_t column, char text[static 16]) {
    const char *mark = view->sort != column ? "" : is_ascending(view) ? "^" : "v";
    snprintf(text, 16, "%s%s", mark, titles[column]);
    return text;
}

static void put_header(const struct view *view) {
    char line[LINE_LEN];
    char t[TORRENT_SORTS][16];
    snprintf(line, sizeof line, "%9s %10s %10s %10s %13s  %-9s  %s", marked(view, 2, t[2]),
             marked(view, 3, t[3]), marked(view, 4, t[4]), marked(view, 1, t[1]),
             marked(view, 5, t[5]), marked(view, 6, t[6]), marked(view, 0, t[0]));
    attron(A_REVERSE);
    put_line(3, line);
    for (int column = getcurx(stdscr); column < COLS && getcury(stdscr) == 3; column++)
        addch(' ');
    attroff(A_REVERSE);
}

static void put_torrent(int row, const json_t *torrent) {
    char line[LINE_LEN];
    char size[TEXT_FIGURE_LEN] = "-";
    char rate[TEXT_FIGURE_LEN] = "-";
    char health[32];
    char name[LINE_LEN / 2];
    const char *called = remote_text(torrent, "name", "");
    if (json_is_number(json_object_get(torrent, "size")))
        text_size(remote_number(torrent, "size"), size);
    if (remote_number(torrent, "download_rate") > 0)
        text_rate(remote_number(torrent, "download_rate"), rate);
    text_clean(bytes_of(remote_text(torrent, "health", "?")), health, sizeof health);
    text_clean(bytes_of(called[0] != '\0' ? called : remote_text(torrent, "info_hash", "?")), name,
               sizeof name);
    snprintf(line, sizeof line, "%9" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10s %13s  %-9s  %s",
             remote_number(torrent, "seeders"), remote_number(torrent, "leechers"),
             remote_number(torrent, "downloaded"), size, rate, health, name);
    put_line(row, line);
}

static void draw(const struct view *view) {
    const json_t *items = json_object_get(view->torrents, "items");
    const int last = LINES - FOOT_LINES;
    put_title(view);
    put_totals(json_object_get(view->status, "totals"));
    put_trouble(view);
    put_header(view);
    for (int row = HEAD_LINES; row < last; row++) {
        const json_t *torrent = json_array_get(items, (size_t)(row - HEAD_LINES));
        if (torrent == NULL)
            put_line(row, "");
        else
            put_torrent(row, torrent);
    }
    put_line(last, "q quit   s, S sort   r reverse   arrows, pages scroll");
    refresh();
}

static void scroll_by(struct view *view, int rows) {
    const uint64_t total = remote_number(view->torrents, "total");
    const int end = total > SCROLL_MAX ? SCROLL_MAX : (int)total;
    view->offset += rows;
    if (view->offset > end - 1)
        view->offset = end - 1;
    if (view->offset < 0)
        view->offset = 0;
}

/* False where a key says that it is enough. */
static bool obey(struct view *view, int key) {
    switch (key) {
    case 'q':
    case 'Q':
        return false;
    case 's':
        view->sort = (view->sort + 1) % TORRENT_SORTS;
        break;
    case 'S':
        view->sort = (view->sort + TORRENT_SORTS - 1) % TORRENT_SORTS;
        break;
    case 'r':
        view->reverse = !view->reverse;
        break;
    case KEY_DOWN:
        scroll_by(view, 1);
        break;
    case KEY_UP:
        scroll_by(view, -1);
        break;
    case KEY_NPAGE:
        scroll_by(view, rows_of_screen());
        break;
    case KEY_PPAGE:
        scroll_by(view, -rows_of_screen());
        break;
    case KEY_HOME:
        view->offset = 0;
        break;
    default:
        break;
    }
    return true;
}

/* Waits for a key, a signal or the time. False where the show is over; `*again` where something
 * must be drawn before the time. */
static bool wait_for_key(struct view *view, int signals, uint64_t until_ms, bool *again) {
    struct pollfd waiting[] = {
        { .fd = STDIN_FILENO, .events = POLLIN },
        { .fd = signals, .events = POLLIN },
    };
    const uint64_t now_ms = clock_now_ms();
    const int wait_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;
    (void)poll(waiting, 2, wait_ms);
    if (waiting[1].revents != 0 || (waiting[0].revents & (POLLHUP | POLLERR)) != 0)
        return false;
    for (int key = getch(); key != ERR; key = getch()) {
        *again = true;
        if (!obey(view, key))
            return false;
    }
    return true;
}

static void show(struct view *view, int signals) {
    bool going_on = true;
    while (going_on) {
        const uint64_t until_ms = clock_now_ms() + PERIOD_MS;
        bool again = false;
        fetch(view, rows_of_screen());
        draw(view);
        while (going_on && !again && clock_now_ms() < until_ms)
            going_on = wait_for_key(view, signals, until_ms, &again);
    }
}

/* The signals that end it come as something to read, so that the terminal is put right before. */
static int catch_signals(void) {
    sigset_t ending;
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    sigaddset(&ending, SIGHUP);
    sigaddset(&ending, SIGQUIT);
    sigprocmask(SIG_BLOCK, &ending, NULL);
    return signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum status run_screen(struct view *view) {
    const int signals = catch_signals();
    setlocale(LC_ALL, "");
    SCREEN *screen = signals < 0 ? NULL : newterm(NULL, stdout, stdin);
    if (screen == NULL) {
        close(signals);
        return output_fail(STATUS_FAULT, "this terminal cannot show it; see skepctl status", NULL);
    }
    cbreak();
    noecho();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    curs_set(0);
    show(view, signals);
    endwin();
    delscreen(screen);
    close(signals);
    return STATUS_GOOD;
}

/* For scripts: what one screen would be made of. */
static enum status print_once(struct view *view) {
    fetch(view, ROWS_MAX);
    if (view->failed)
        return output_fail(STATUS_SILENT, remote_failure(view->remote), NULL);
    return output_json(json_pack("{s:O, s:O}", "status", view->status, "torrents", view->torrents));
}

enum status top_command(const struct command_line *line) {
    struct view view = { .sort = 2, .reverse = command_line_has(line, OPTION_REVERSE) };
    if (!command_line_choice(line, OPTION_SORT, torrent_sorts, TORRENT_SORTS, &view.sort))
        return STATUS_FAULT;
    const bool json = command_line_has(line, OPTION_JSON);
    if (!json && (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1))
        return output_fail(STATUS_FAULT, "top needs a terminal; see skepctl status", NULL);
    view.remote = remote_open(line);
    if (view.remote == NULL)
        return STATUS_FAULT;
    json_t *first = NULL;
    enum status status = remote_ask(view.remote, "status", &first);
    json_decref(first);
    if (status == STATUS_GOOD)
        status = json ? print_once(&view) : run_screen(&view);
    json_decref(view.status);
    json_decref(view.torrents);
    remote_close(view.remote);
    return status;
}
