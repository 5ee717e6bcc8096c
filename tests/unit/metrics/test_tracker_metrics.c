/* Metrics of the tracker, and the totals of its swarms. */
#include <math.h>
#include <string.h>

#include "metrics/tracker_metrics.h"
#include "tracker_support.h"

enum { TEXT_MAX = 16384, NOW_MS = 5000 };

static uint8_t text[TEXT_MAX];

static const char *written(struct writer *w) {
    writer_put(w, "", 1);
    ck_assert(!w->failed);
    return (const char *)text;
}

static void has_line(const char *all, const char *line) {
    ck_assert_msg(strstr(all, line) != NULL, "no \"%s\" in\n%s", line, all);
}

START_TEST(announces_and_scrapes_have_their_results) {
    struct tracker_stats stats = { .memory = 4096, .peers = 9 };
    stats.announces[ANNOUNCE_OK] = 5;
    stats.announces[ANNOUNCE_BANNED] = 2;
    stats.scrapes[ANNOUNCE_TOO_FAST] = 1;
    struct writer w = writer_on(text, TEXT_MAX);
    tracker_metrics_write(&w, &stats, 120);
    const char *all = written(&w);
    has_line(all, "\nskep_announces_total{result=\"ok\"} 5\n");
    has_line(all, "\nskep_announces_total{result=\"banned\"} 2\n");
    has_line(all, "\nskep_scrapes_total{result=\"too_fast\"} 1\n");
    has_line(all, "\nskep_swarms_memory_bytes 4096\n");
    has_line(all, "\nskep_listed_peers 9\n");
    has_line(all, "\nskep_announce_interval_seconds 120\n");
}
END_TEST

START_TEST(limits_of_zero_are_infinite) {
    struct tracker_options options = test_options();
    options.torrents_max = 10;
    options.memory_max_mib = 0;
    options.address_requests_per_s = 0;
    const struct metrics_limits limits = metrics_limits_of(&options, 100, 0);
    ck_assert(limits.max[LIMITED_TORRENTS] == 10);
    ck_assert(isinf(limits.max[LIMITED_MEMORY]));
    ck_assert(isinf(limits.max[LIMITED_ADDRESS_REQUESTS]));
    ck_assert(limits.max[LIMITED_HTTP_CONNECTIONS] == 100);
    ck_assert(isinf(limits.max[LIMITED_HTTP_ADDRESS_CONNECTIONS]));
}
END_TEST

START_TEST(limits_are_shown_with_their_rejections) {
    struct tracker_options options = test_options();
    options.memory_max_mib = 2;
    const struct metrics_limits limits = metrics_limits_of(&options, 100, 8);
    struct tracker_stats stats = { 0 };
    stats.announces[ANNOUNCE_SWARM_FULL] = 3;
    stats.announces[ANNOUNCE_TOO_FAST] = 4;
    stats.scrapes[ANNOUNCE_TOO_FAST] = 1;
    struct writer w = writer_on(text, TEXT_MAX);
    const struct http_counters http = {
        .connections_refused = 6,
        .evictions = { [HTTP_EVICTION_IDLE] = 7, [HTTP_EVICTION_STUCK] = 8 },
    };
    tracker_metrics_write_limits(&w, &limits, &stats, &http);
    const char *all = written(&w);
    has_line(all, "\nskep_limit{resource=\"memory_bytes\"} 2097152\n");
    has_line(all, "\nskep_limit_hits_total{resource=\"torrent_peers\"} 3\n");
    has_line(all, "\nskep_limit_hits_total{resource=\"address_requests_per_second\"} 5\n");
    has_line(all, "\nskep_limit_hits_total{resource=\"http_address_connections\"} 6\n");
    has_line(all, "\nskep_limit_hits_total{resource=\"http_connections\"} 15\n");
    has_line(all, "\nskep_limit_hits_total{resource=\"torrents\"} 0\n");
}
END_TEST

UNIT_SUITE(report) {
    Suite *suite = suite_create("report");
    TCase *tracker = tcase_create("tracker");
    tcase_add_test(tracker, announces_and_scrapes_have_their_results);
    tcase_add_test(tracker, limits_of_zero_are_infinite);
    tcase_add_test(tracker, limits_are_shown_with_their_rejections);
    suite_add_tcase(suite, tracker);
    return suite;
}
