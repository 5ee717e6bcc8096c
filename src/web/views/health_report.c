#include "web/views/health_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/host_addresses.h"
#include "swarm/address_counts.h"

enum {
    MIB = 1 << 20,
    CERTIFICATE_WARNING_S = 10 * 24 * 60 * 60,
    DATE_LEN = 16,
    ROUTER_PEERS_MIN = 5
};

static const double STORE_LAG_WARNING_S = 30;

__attribute__((format(printf, 2, 3))) static void add_warning(struct health_report *report,
                                                              const char *format, ...) {
    if (report->warning_count == HEALTH_WARNINGS_MAX)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->warnings[report->warning_count++], HEALTH_WARNING_LEN, format, arguments);
    va_end(arguments);
}

static void check_store(const struct health_sources *sources, struct health_report *report) {
    if (sources->change_writer == NULL) {
        add_warning(report,
                    "Persistence is disabled (store.enabled = false): a restart loses all "
                    "peers.");
        return;
    }
    const struct change_writer_stats stats =
        change_writer_stats(sources->change_writer, clock_now_ms());
    report->store_failing = stats.failing;
    report->store_lag_s = stats.lag_s;
    if (stats.failing)
        add_warning(report,
                    "Database writes have been failing for %.0f s; new data is not persisted. See "
                    "the log for the reason.",
                    stats.lag_s);
    else if (stats.lag_s > STORE_LAG_WARNING_S)
        add_warning(report, "The database is %.0f s behind: the disk is too slow.", stats.lag_s);
}

static void check_udp(const struct health_sources *sources, struct health_report *report) {
    const uint64_t drops = udp_server_stats(sources->udp).kernel_drops;
    if (drops > 0)
        add_warning(report,
                    "UDP receive buffer full: %llu packets dropped since the start. Raise "
                    "udp.receive_buffer and net.core.rmem_max.",
                    (unsigned long long)drops);
}

static void check_expiry(int64_t expires_s, struct health_report *report) {
    const int64_t left_s = expires_s - clock_unix_s();
    const time_t when = (time_t)expires_s;
    char date[DATE_LEN];
    struct tm parts;
    if (left_s > CERTIFICATE_WARNING_S)
        return;
    strftime(date, sizeof date, "%Y-%m-%d", localtime_r(&when, &parts));
    add_warning(report, "The HTTPS certificate %s on %s. Renew it and reload skepd.",
                left_s < 0 ? "expired" : "expires", date);
}

static void check_certificate(const struct health_sources *sources, struct health_report *report) {
    const int64_t expires_s =
        sources->http == NULL ? 0 : atomic_load(&sources->http->certificate_expires_s);
    if (expires_s != 0)
        check_expiry(expires_s, report);
    if (atomic_load(&sources->certificate_failed))
        add_warning(report,
                    "The HTTPS certificate could not be reloaded; the previous one stays in "
                    "use. See the log for the reason.");
}

/* Within 10 % of the limit. */
static bool is_near(uint64_t value, uint64_t limit) {
    return limit > 0 && value >= limit - limit / 10;
}

static void check_limits(const struct health_sources *sources, struct health_report *report) {
    const struct tracker_stats stats = tracker_stats(sources->tracker);
    const uint32_t torrents_max = atomic_load(&sources->torrents_max);
    const uint32_t peers_max = atomic_load(&sources->peers_max);
    const uint32_t memory_max_mib = atomic_load(&sources->memory_max_mib);
    if (is_near(stats.torrents, torrents_max))
        add_warning(report, "Near the limit: %u torrents (limits.torrents_max = %u).",
                    stats.torrents, torrents_max);
    if (is_near(stats.peers, peers_max))
        add_warning(report, "Near the limit: %u peers (limits.peers_max = %u).", stats.peers,
                    peers_max);
    if (is_near(stats.memory / MIB, memory_max_mib))
        add_warning(report,
                    "Near the limit: the swarms use %llu MiB of memory (limits.memory_max_mib = "
                    "%u).",
                    (unsigned long long)(stats.memory / MIB), memory_max_mib);
}

bool health_report_find_router(const struct tracker *tracker, struct endpoint *router,
                               uint32_t *peers) {
    const uint32_t all = tracker_stats(tracker).peers;
    if (all < ROUTER_PEERS_MIN)
        return false;
    *router = host_addresses_gateway();
    *peers = router->family == FAMILY_NONE ? 0 : tracker_address_peers(tracker, router);
    return *peers >= ROUTER_PEERS_MIN && (*peers > all / 2 || *peers == ADDRESS_COUNT_MAX);
}

static void check_cluster(const struct health_sources *sources, struct health_report *report) {
    struct cluster_status status;
    if (sources->cluster == NULL)
        return;
    cluster_describe(sources->cluster, &status);
    if (status.error[0] != '\0')
        add_warning(report, "%s: %.250s. Changes from and to the other nodes wait.",
                    status.connected ? "The engine of the cluster refuses commands"
                                     : "The engine of the cluster is not connected",
                    status.error);
    if (status.warnings[0] != '\0')
        add_warning(report, "Engine of the cluster: %.350s", status.warnings);
    if (status.full)
        add_warning(report,
                    "This node has no room for all peers of the cluster: raise limits.peers_max, "
                    "torrents_max, torrent_peers_max or memory_max_mib to the values of the other "
                    "nodes.");
    if (status.torrents_aside + status.passkeys_aside + status.names_aside > 0)
        add_warning(report,
                    "Set aside, and without effect, since the cluster does not have them: %zu "
                    "torrents, %zu passkeys, %zu machine names of this node's database. To add "
                    "them: skepctl cluster import",
                    status.torrents_aside, status.passkeys_aside, status.names_aside);
    for (size_t i = 0; i < status.members; i++) {
        if (!status.list[i].alive && status.list[i].heard_s < CLUSTER_REMOVED_S)
            add_warning(report,
                        "The cluster's node %s was last heard %u min ago. Start it. If it was "
                        "removed, this warning ends after a day.",
                        status.list[i].name, status.list[i].heard_s / 60);
    }
}

static void check_router(const struct health_sources *sources, struct health_report *report) {
    struct endpoint router;
    char address[ENDPOINT_TEXT_LEN];
    uint32_t peers;
    if (!health_report_find_router(sources->tracker, &router, &peers))
        return;
    endpoint_address_text(&router, address);
    add_warning(report,
                "Most peers (%u) have the address of the default router, %s, which hides the "
                "clients. In a container, use the network of the host.",
                peers, address);
}

static void check_dht(struct dht_server *dht, struct health_report *report) {
    const char *failure = dht_server_failure(dht);
    if (failure != NULL)
        add_warning(report, "The tracker runs without DHT: %.180s.", failure);
    else if (dht_server_is_alone(dht))
        add_warning(
            report,
            "The DHT node reaches no node of dht.bootstrap: check the names, and UDP port %u "
            "in the firewall.",
            dht_server_port(dht));
}

void health_report_fill(const struct health_sources *sources, struct health_report *report) {
    *report = (struct health_report){ .warning_count = 0 };
    check_store(sources, report);
    check_certificate(sources, report);
    if (sources->tracker != NULL) {
        check_limits(sources, report);
        check_router(sources, report);
        check_cluster(sources, report);
    }
    if (sources->dht != NULL)
        check_dht(sources->dht, report);
    if (sources->udp != NULL)
        check_udp(sources, report);
    if (log_dropped() > 0)
        add_warning(report, "%llu log lines dropped: the log's reader is too slow.",
                    (unsigned long long)log_dropped());
}

void health_report_set_certificate(struct health_sources *sources, bool good) {
    atomic_store(&sources->certificate_failed, !good);
}

void health_report_apply(struct health_sources *sources, const struct health_options *options) {
    atomic_store(&sources->torrents_max, options->torrents_max);
    atomic_store(&sources->peers_max, options->peers_max);
    atomic_store(&sources->memory_max_mib, options->memory_max_mib);
}
