#include "metrics/probe_metrics.h"

static const char *const NAMES[REACHES] = {
    [REACH_UNKNOWN] = "unknown",
    [REACH_OPEN] = "open",
    [REACH_REFUSED] = "refused",
    [REACH_SILENT] = "silent",
};

void probe_metrics_write(struct writer *w, const struct prober_stats *stats) {
    metrics_text_family(w, "skep_peers_checked", METRIC_GAUGE,
                        "Peers that are checked for reachability, by what their last check found.");
    for (int reach = 0; reach < REACHES; reach++)
        metrics_text_value(w, "skep_peers_checked", METRIC_LABELS({ "reach", NAMES[reach] }),
                           stats->now.peers[reach]);
    metrics_text_single(w, "skep_checks_waiting", METRIC_GAUGE,
                        "Peers whose check is under way or comes next.", stats->now.waiting);
    metrics_text_family(
        w, "skep_checks_total", METRIC_COUNTER,
        "Checks of whether a peer can be reached, by result; unknown: they failed here.");
    for (int reach = 0; reach < REACHES; reach++)
        metrics_text_value(w, "skep_checks_total", METRIC_LABELS({ "result", NAMES[reach] }),
                           (double)stats->checks[reach]);
}
