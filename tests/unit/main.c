/* Runs all unit tests. CK_FORK=no, CK_RUN_SUITE and CK_RUN_CASE work as Check documents them. */
#include <stdlib.h>

#include "suites.h"

static Suite *(*const suites[])(void) = {
    bytes_suite,
    bencode_suite,
    endpoint_suite,
    network_suite,
    keyed_hash_suite,
    histogram_suite,
    metainfo_suite,
    random_suite,
    log_suite,
    ticker_suite,
    feed_suite,
    key_set_suite,
    access_suite,
    address_counts_suite,
    request_rates_suite,
    peer_index_suite,
    peer_list_suite,
    peer_pick_suite,
    swarm_suite,
    swarm_leaving_suite,
    swarm_identity_suite,
    swarm_rates_suite,
    peer_record_suite,
    inspect_suite,
    swarm_table_suite,
    tracker_suite,
    tracker_limits_suite,
    tracker_floods_suite,
    tracker_access_suite,
    tracker_addresses_suite,
    tracker_upkeep_suite,
    tracker_restore_suite,
    tracker_threads_suite,
    query_suite,
    http_wire_suite,
    http_announce_suite,
    http_captures_suite,
    http_scrape_suite,
    forwarded_suite,
    client_name_suite,
    refusal_suite,
    passkey_suite,
    udp_wire_suite,
    udp_captures_suite,
    connection_id_suite,
    metrics_suite,
    report_suite,
    schema_suite,
    store_suite,
    store_open_suite,
    registry_suite,
    deadlines_suite,
    slot_table_suite,
    probe_accounts_suite,
    probe_plan_suite,
    torrent_set_suite,
    tcp_probes_suite,
    prober_suite,
    config_suite,
    options_suite,
    recorder_suite,
    list_file_suite,
    http_body_suite,
    http_counters_suite,
    session_suite,
    headers_suite,
    qr_suite,
    magnet_suite,
    torrent_file_suite,
    history_suite,
    registry_torrents_suite,
    sampler_suite,
};

int main(void) {
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
