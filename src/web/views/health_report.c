#include "web/views/health_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum { MIB = 1 << 20, CERTIFICATE_SOON_S = 10 * 24 * 60 * 60, DAY_TEXT_LEN = 16 };

static const double SLOW_LAG_S = 30;

__attribute__((format(printf, 2, 3))) static void warn(struct api_condition *told,
                                                       const char *format, ...) {
    if (told->warning_count == API_WARNINGS_MAX)
        return;
    va_list words;
    va_start(words, format);
    vsnprintf(told->warnings[told->warning_count++], API_WARNING_LEN, format, words);
    va_end(words);
}

static void tell_store(const struct health_report *report, struct api_condition *told) {
    const struct change_writer_stats stats =
        change_writer_stats(report->change_writer, clock_now_ms());
    told->store_failing = stats.failing;
    told->store_lag_s = stats.lag_s;
    if (atomic_load(&report->store_off))
        warn(told, "Nothing is kept on disk (store.enabled): a restart forgets all peers.");
    else if (stats.failing)
        warn(told,
             "The database cannot be written since %.0f s; the log says why. The tracker goes on, "
             "but what is new would be lost in a restart.",
             stats.lag_s);
    else if (stats.lag_s > SLOW_LAG_S)
        warn(told, "The database is %.0f s behind: the disk is slow.", stats.lag_s);
}

static void tell_udp(const struct health_report *report, struct api_condition *told) {
    const uint64_t drops = udp_server_stats(report->udp).kernel_drops;
    if (drops > 0)
        warn(told,
             "The kernel dropped %llu UDP packets since the start, because they came faster than "
             "they were answered; a larger net.core.rmem_max and udp.receive_buffer may help.",
             (unsigned long long)drops);
}

static void tell_expiry(int64_t expires_s, struct api_condition *told) {
    const int64_t left_s = expires_s - clock_unix_s();
    const time_t when = (time_t)expires_s;
    char day[DAY_TEXT_LEN];
    struct tm parts;
    if (left_s > CERTIFICATE_SOON_S)
        return;
    strftime(day, sizeof day, "%Y-%m-%d", localtime_r(&when, &parts));
    warn(told, "The certificate of HTTPS %s on %s: renew it, and reload skepd.",
         left_s < 0 ? "expired" : "expires", day);
}

static void tell_certificate(const struct health_report *report, struct api_condition *told) {
    const int64_t expires_s =
        report->http == NULL ? 0 : atomic_load(&report->http->certificate_expires_s);
    if (expires_s != 0)
        tell_expiry(expires_s, told);
    if (atomic_load(&report->certificate_refused))
        warn(told,
             "The certificate could not be read again at the last reload; HTTPS goes on with "
             "the one before. The log says why.");
}

/* Nine tenths of a bound are worth a word. */
static bool is_near(uint64_t value, uint64_t most) {
    return most > 0 && value >= most - most / 10;
}

static void tell_bounds(const struct health_report *report, struct api_condition *told) {
    const struct tracker_stats stats = tracker_stats(report->tracker);
    if (is_near(stats.torrents, atomic_load(&report->torrents_max)))
        warn(told, "There are %u torrents; limits.torrents_max allows no more than %u.",
             stats.torrents, atomic_load(&report->torrents_max));
    if (is_near(stats.peers, atomic_load(&report->peers_max)))
        warn(told, "There are %u peers; limits.peers_max allows no more than %u.", stats.peers,
             atomic_load(&report->peers_max));
    if (is_near(stats.memory / MIB, atomic_load(&report->memory_max_mib)))
        warn(told,
             "The swarms take %llu MiB of memory; limits.memory_max_mib allows no more than "
             "%u.",
             (unsigned long long)(stats.memory / MIB), atomic_load(&report->memory_max_mib));
}

void health_report_fill(void *context, struct api_condition *told) {
    const struct health_report *report = context;
    *told = (struct api_condition){ .warning_count = 0 };
    if (report->change_writer != NULL)
        tell_store(report, told);
    tell_certificate(report, told);
    if (report->tracker != NULL)
        tell_bounds(report, told);
    if (report->udp != NULL)
        tell_udp(report, told);
    if (log_dropped() > 0)
        warn(told, "%llu lines of the log were lost because nobody took them in time.",
             (unsigned long long)log_dropped());
}

void health_report_set_certificate(struct health_report *report, bool good) {
    atomic_store(&report->certificate_refused, !good);
}

void health_report_apply(struct health_report *report, const struct config *config) {
    atomic_store(&report->torrents_max, config->tracker.torrents_max);
    atomic_store(&report->peers_max, config->tracker.peers_max);
    atomic_store(&report->memory_max_mib, config->tracker.memory_max_mib);
    atomic_store(&report->store_off, !config->store_enabled);
}

struct api_settings health_report_settings(const struct config *config) {
    return (struct api_settings){
        .mode = config->access.rules.mode,
        .lan = config->tracker.lan,
        .external_v4 = config->tracker.external_v4,
        .external_v6 = config->tracker.external_v6,
        .listen = config->http.listen,
        .http_port = config->http.port,
        .https_port = config->http.https.port,
        .udp_port = config->udp.enabled ? config->udp.port : 0,
    };
}
