#include "ctl/commands/commands.h"

#include <curses.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/api_client.h"
#include "ctl/commands/top_screen.h"
#include "ctl/list_view.h"

enum { PERIOD_MS = 1000, ESCAPE_MS = 25, KEY_ESCAPE = 27, MOVE_MAX = 1 << 30 };

static void change_sort(struct top_view *view, size_t step) {
    if (!top_view_shows_peers(view))
        view->sort = (view->sort + step) % LIST_VIEW_SORTS;
}

/* Returns from the peers to the torrents; false if the torrents are shown already. */
static bool go_back(struct top_view *view) {
    const bool shows_peers = top_view_shows_peers(view);
    if (shows_peers)
        top_view_leave(view);
    return shows_peers;
}

static void handle_movement(struct top_view *view, int key) {
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
static bool handle_key(struct top_view *view, int key) {
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
        change_sort(view, 1);
        break;
    case 'S':
        change_sort(view, LIST_VIEW_SORTS - 1);
        break;
    case 'r':
        if (!top_view_shows_peers(view))
            view->reverse = !view->reverse;
        break;
    default:
        handle_movement(view, key);
        break;
    }
    return true;
}

/* Waits for a key, a signal or `until_ms`. Returns false to quit. Sets `*redraw` after a key. */
static bool wait_for_key(struct top_view *view, int signals, uint64_t until_ms, bool *redraw) {
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
        *redraw = true;
        if (!handle_key(view, key))
            return false;
    }
    return true;
}

static void run_loop(struct top_view *view, int signals) {
    bool running = true;
    while (running) {
        const uint64_t until_ms = clock_now_ms() + PERIOD_MS;
        bool redraw = false;
        top_view_fetch(view, top_screen_rows());
        top_screen_draw(view);
        while (running && !redraw && clock_now_ms() < until_ms)
            running = wait_for_key(view, signals, until_ms, &redraw);
    }
}

/* Turns the signals that end the program into input, so that the terminal is restored first. */
static int open_signalfd(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGQUIT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum status run_screen(struct top_view *view) {
    const int signals = open_signalfd();
    setlocale(LC_ALL, "");
    SCREEN *screen = signals < 0 ? NULL : newterm(NULL, stdout, stdin);
    if (screen == NULL) {
        close(signals);
        return output_fail(STATUS_FAULT, "terminal not supported; use skepctl status");
    }
    cbreak();
    noecho();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    curs_set(0);
    run_loop(view, signals);
    endwin();
    delscreen(screen);
    close(signals);
    return STATUS_GOOD;
}

/* Prints the data of one screen as JSON. */
static enum status print_screen_json(struct top_view *view) {
    top_view_fetch(view, TOP_VIEW_ROWS_MAX);
    if (view->failed)
        return api_client_fail(view->client, STATUS_UNREACHABLE);
    return output_json(
        json_pack("{s:O, s:O}", "status", view->status, "torrents", view->torrents.response));
}

static enum status run_top(const struct command_line *line) {
    struct top_view view = { .sort = LIST_VIEW_SORT_DEFAULT,
                             .reverse = command_line_has(line, &option_reverse) };
    if (!command_line_choice(line, &option_sort, &view.sort))
        return STATUS_FAULT;
    const bool json = command_line_has(line, &option_json);
    if (!json && (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1))
        return output_fail(STATUS_FAULT, "top requires a terminal; use skepctl status");
    view.client = api_client_open(line);
    if (view.client == NULL)
        return STATUS_FAULT;
    json_t *first = NULL;
    enum status status = api_client_fetch(view.client, "status", &first);
    json_decref(first);
    if (status == STATUS_GOOD)
        status = json ? print_screen_json(&view) : run_screen(&view);
    top_view_clear(&view);
    api_client_close(view.client);
    return status;
}

const struct command top_command = {
    .section = SECTION_MONITORING,
    .name = "top",
    .arguments = "",
    .summary = "Live view of torrents and peers",
    .example = "skepctl top --sort rate",
    .run = run_top,
    .options = { &option_sort, &option_reverse },
};
