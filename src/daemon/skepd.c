/* skepd: the process, its command line and its signals. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/standard_files.h"
#include "daemon/config_print.h"
#include "daemon/daemon.h"
#include "daemon/huge_pages.h"
#include "daemon/program_options.h"
#include "daemon/settings.h"
#include "daemon/systemd.h"
#include "probe/prober.h"
#include "server/tls_certificate.h"

enum {
    SPARE_FILES = 64,         /* database, log, epoll sets, /proc */
    CONNECTIONS_AUTO = 32768, /* of the HTTP server, if the limit of open files allows it */
    CONNECTIONS_FEW = 256,
};

/* Of everything but connections. */
static rlim_t count_other_files(const struct config *config) {
    const rlim_t threads =
        listen_threads(config->http.threads) + listen_threads(config->udp.threads);
    return PROBER_DESCRIPTORS + SPARE_FILES + (rlim_t)LISTEN_MAX * 4 * threads;
}

/* Raises the limit to `wanted` as far as possible. Returns what it is then. */
static rlim_t raise_file_limit(rlim_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    const struct rlimit raised = {
        .rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max,
        .rlim_max = limit.rlim_max,
    };
    if (limit.rlim_cur < raised.rlim_cur && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return raised.rlim_cur;
    return limit.rlim_cur;
}

/* Each connection needs a file descriptor, and the default limit is often 1024. */
static void limit_connections(struct config *config) {
    const uint32_t configured = config->http.connections_max;
    const uint32_t wanted = configured > 0 ? configured : CONNECTIONS_AUTO;
    const rlim_t other = count_other_files(config);
    const rlim_t files = raise_file_limit(other + wanted + http_server_reserve(wanted));
    const rlim_t left = files > other ? files - other : 0;
    if (left >= wanted + http_server_reserve(wanted)) {
        config->http.connections_auto = wanted;
        return;
    }
    const rlim_t reserve = http_server_reserve((uint32_t)left);
    config->http.connections_auto = left > reserve + 1 ? (uint32_t)(left - reserve) : 1;
    if (configured > 0 || config->http.connections_auto < CONNECTIONS_FEW)
        log_warning(
            "open files limit: %llu allows only %u HTTP connections; raise LimitNOFILE= or "
            "ulimit -n, or lower http.connections_max",
            (unsigned long long)files, config->http.connections_auto);
}

/* Listening sockets stay open during a reload, so inherited ones still take the place of what the
 * file names. */
static void keep_inherited_sockets(struct config *loaded, const struct config *running) {
    if (running->http.inherited.count > 0) {
        loaded->http.listen = running->http.listen;
        loaded->http.port = running->http.port;
    }
    if (running->udp.inherited.count > 0)
        loaded->udp.port = running->udp.port;
}

/* False if the current configuration stays in force. */
static bool reload_config(struct daemon *daemon, const struct program_options *options,
                          struct config *running) {
    struct config loaded;
    struct config_errors errors;
    if (!program_options_load_config(options, &loaded, &errors)) {
        char *rest = errors.text;
        while (rest != NULL)
            log_error("%s", strsep(&rest, "\n"));
        log_error("invalid configuration; keeping the current one");
        return false;
    }
    program_options_warn(options, &loaded);
    keep_inherited_sockets(&loaded, running);
    struct config next = *running;
    char pending[SETTINGS_PENDING_LEN];
    settings_reload(&next, &loaded, pending);
    if (!daemon_apply(daemon, &next)) {
        log_error("out of memory; keeping the current configuration");
        return false;
    }
    *running = next;
    log_set_level(next.log_level);
    if (pending[0] == '\0')
        log_info("configuration reloaded");
    else
        log_info("configuration reloaded (restart required for %s)", pending);
    return true;
}

static void serve_until_stopped(struct daemon *daemon, const struct program_options *options,
                                struct config *config, const sigset_t *signals) {
    /* Without a file to reload, SIGHUP means that the terminal was closed. */
    const bool hangup_stops = options->config_file == NULL && isatty(STDIN_FILENO);
    for (;;) {
        const int signal = sigwaitinfo(signals, NULL);
        if (signal == SIGHUP && !hangup_stops) {
            systemd_notify_reloading();
            daemon_set_reload(daemon, reload_config(daemon, options, config));
            systemd_notify_ready();
        } else if (signal > 0 || errno != EINTR)
            return;
    }
}

/* Another signal to stop ends the wait. */
static void serve_for(uint32_t delay_s) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    const uint64_t until_ms = clock_now_ms() + (uint64_t)delay_s * 1000;
    for (;;) {
        const uint64_t now_ms = clock_now_ms();
        if (now_ms >= until_ms)
            return;
        const uint64_t left_ms = until_ms - now_ms;
        const struct timespec left = { .tv_sec = (time_t)(left_ms / 1000),
                                       .tv_nsec = (long)(left_ms % 1000) * 1000000 };
        if (sigtimedwait(&signals, NULL, &left) > 0)
            return;
    }
}

static void prepare_stop(struct daemon *daemon, const struct config *config) {
    systemd_notify_stopping(config->shutdown_delay_s);
    daemon_set_stopping(daemon);
    if (config->shutdown_delay_s > 0) {
        log_info("stopping in %u seconds (shutdown_delay_s)", config->shutdown_delay_s);
        serve_for(config->shutdown_delay_s);
    }
    log_info("stopping");
}

/* All threads inherit this mask, so that only sigwaitinfo receives the signals. */
static sigset_t block_signals(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    /* At RLIMIT_FSIZE, let write() fail instead of ending the process. */
    signal(SIGXFSZ, SIG_IGN);
    return signals;
}

/* Inherited sockets replace those that the settings configure. */
static bool inherit_sockets(struct config *config) {
    struct listen_sockets *tcp = &config->http.inherited;
    struct listen_sockets *udp = &config->udp.inherited;
    char error[ERROR_LEN];
    if (!systemd_inherit_sockets(tcp, udp, error)) {
        log_error("%s", error);
        return false;
    }
    if (tcp->count > 0) {
        config->http.listen = listen_addresses_of(tcp, &config->http.port);
        log_info("http: using inherited sockets; http.listen and http.port are ignored");
    }
    if (udp->count > 0 && !config->udp.enabled)
        log_warning("udp: inherited sockets are unused, UDP is disabled (udp.enabled)");
    else if (udp->count > 0) {
        config->udp.listen = listen_addresses_of(udp, &config->udp.port);
        log_info("udp: using inherited sockets; udp.port and udp.receive_buffer are ignored");
    }
    return true;
}

static int run_daemon(const struct program_options *options, struct config *config) {
    const sigset_t signals = block_signals();
    log_set_level(config->log_level);
    limit_connections(config);
    struct daemon *daemon = inherit_sockets(config) ? daemon_start(config) : NULL;
    if (daemon == NULL)
        return EXIT_FAILURE;
    daemon_log_addresses(daemon, config);
    systemd_notify_ready();
    serve_until_stopped(daemon, options, config, &signals);
    prepare_stop(daemon, config);
    return daemon_stop(daemon) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int exit_with_error(const char *error) {
    fprintf(stderr, "skepd: %s\n", error);
    return EXIT_FAILURE;
}

static int exit_with_errors(struct config_errors *errors) {
    char *rest = errors->text;
    while (rest != NULL)
        (void)exit_with_error(strsep(&rest, "\n"));
    return EXIT_FAILURE;
}

static int check_config(const struct config *config) {
    char error[ERROR_LEN];
    if (config->http.https.port != 0) {
        struct tls_certificate *certificate =
            tls_certificate_read(&config->http.https.files, error);
        if (certificate == NULL)
            return exit_with_error(error);
        tls_certificate_release(certificate);
    }
    puts("configuration OK");
    return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    struct program_options options;
    struct config config;
    struct config_errors errors;
    char error[ERROR_LEN];
    if (!standard_files_open())
        return EXIT_FAILURE;
    if (!program_options_parse(argc, argv, &options, error))
        return exit_with_error(error);
    if (options.help) {
        fputs(program_options_help(), stdout);
        return EXIT_SUCCESS;
    }
    if (options.version) {
        puts("skepd " SKEP_VERSION);
        return EXIT_SUCCESS;
    }
    if (!options.print_config && !options.check_config)
        huge_pages_request(argv);
    if (!program_options_load_config(&options, &config, &errors))
        return exit_with_errors(&errors);
    program_options_warn(&options, &config);
    if (options.print_config) {
        config_print(&config, stdout);
        return EXIT_SUCCESS;
    }
    if (options.check_config)
        return check_config(&config);
    return run_daemon(&options, &config);
}
