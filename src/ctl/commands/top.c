#include "ctl/command_line.h"
#include "ctl/commands/commands.h"
#include "ctl/output.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/api_client.h"
#include "ctl/commands/top_screen.h"

enum { PERIOD_MS = 1000, ESCAPE_MS = 25, KEY_ESCAPE = 27, MOVE_MAX = 1 << 30 };

static void sort_by(struct top_view *view, size_t further) {
    if (!top_view_shows_peers(view))
        view->sort = (view->sort + further) % TORRENT_SORTS;
}

/* Returns false if the list of torrents is shown already. */
static bool go_back(struct top_view *view) {
    const bool shows_peers = top_view_shows_peers(view);
    if (shows_peers)
        top_view_leave(view);
    return shows_peers;
}

static void obey_movement(struct top_view *view, int key) {
    const int rows = top_screen_rows();
    const int by = key == KEY_DOWN    ? 1
                   : key == KEY_UP    ? -1
                   : key == KEY_NPAGE ? rows
                   : key == KEY_PPAGE ? -rows
                   : key == KEY_HOME  ? -MOVE_MAX
                   : key == KEY_END   ? MOVE_MAX
                                      : 0;
    if (by != 0)
        top_view_move(view, by, rows);
}

/* Returns false if the key quits. */
static bool obey(struct top_view *view, int key) {
    switch (key) {
    case 'q':
    case 'Q':
        return go_back(view);
    case KEY_ESCAPE:
    case KEY_BACKSPACE:
    case KEY_LEFT:
        (void)go_back(view);
        break;
    case '\r':
    case '\n':
    case KEY_ENTER:
    case KEY_RIGHT:
        top_view_enter(view);
        break;
    case 's':
        sort_by(view, 1);
        break;
    case 'S':
        sort_by(view, TORRENT_SORTS - 1);
        break;
    case 'r':
        if (!top_view_shows_peers(view))
            view->reverse = !view->reverse;
        break;
    default:
        obey_movement(view, key);
        break;
    }
    return true;
}

/* Waits for a key, a signal or the timeout. False if the program should end; `*again` if the screen
 * must be redrawn before the timeout. */
static bool wait_for_key(struct top_view *view, int signals, uint64_t until_ms, bool *again) {
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

static void show(struct top_view *view, int signals) {
    bool going_on = true;
    while (going_on) {
        const uint64_t until_ms = clock_now_ms() + PERIOD_MS;
        bool again = false;
        top_view_fetch(view, top_screen_rows());
        top_screen_draw(view);
        while (going_on && !again && clock_now_ms() < until_ms)
            going_on = wait_for_key(view, signals, until_ms, &again);
    }
}

/* Termination signals are read from a descriptor, so that the terminal is restored first. */
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

static enum status run_screen(struct top_view *view) {
    const int signals = catch_signals();
    setlocale(LC_ALL, "");
    SCREEN *screen = signals < 0 ? NULL : newterm(NULL, stdout, stdin);
    if (screen == NULL) {
        close(signals);
        return output_fail(STATUS_FAULT, "terminal too small or not supported; use skepctl status",
                           NULL);
    }
    cbreak();
    noecho();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    show(view, signals);
    endwin();
    delscreen(screen);
    close(signals);
    return STATUS_GOOD;
}

/* For scripts: the contents of one screen. */
static enum status print_once(struct top_view *view) {
    top_view_fetch(view, TOP_VIEW_ROWS_MAX);
    if (view->failed)
        return output_fail(STATUS_UNREACHABLE, api_client_failure(view->remote), NULL);
    return output_json(
        json_pack("{s:O, s:O}", "status", view->status, "torrents", view->torrents.answer));
}

static enum status run_top(const struct command_line *line) {
    struct top_view view = { .sort = 2, .reverse = command_line_has(line, OPTION_REVERSE) };
    if (!command_line_choice(line, OPTION_SORT, torrent_sorts, TORRENT_SORTS, &view.sort))
        return STATUS_FAULT;
    const bool json = command_line_has(line, OPTION_JSON);
    if (!json && (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1))
        return output_fail(STATUS_FAULT, "not a terminal; use skepctl status", NULL);
    view.remote = api_client_open(line);
    if (view.remote == NULL)
        return STATUS_FAULT;
    json_t *first = NULL;
    enum status status = api_client_request(view.remote, "status", &first);
    json_decref(first);
    if (status == STATUS_GOOD)
        status = json ? print_once(&view) : run_screen(&view);
    top_view_clear(&view);
    api_client_close(view.remote);
    return status;
}

const struct command top_command = {
    .section = SECTION_LIVE,
    .name = "top",
    .arguments = "",
    .summary = "Live view of torrents and peers",
    .run = run_top,
    .options = OPTION_BIT(OPTION_SORT) | OPTION_BIT(OPTION_REVERSE),
};
