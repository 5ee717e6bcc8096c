/* Every suite of unit tests, one for each module. */
#ifndef SKEP_UNIT_SUITES_H
#define SKEP_UNIT_SUITES_H

#include <check.h>

Suite *access_suite(void);
Suite *address_counts_suite(void);
Suite *bencode_suite(void);
Suite *bytes_suite(void);
Suite *client_name_suite(void);
Suite *config_suite(void);
Suite *connection_id_suite(void);
Suite *deadlines_suite(void);
Suite *endpoint_suite(void);
Suite *feed_suite(void);
Suite *forwarded_suite(void);
Suite *http_announce_suite(void);
Suite *http_captures_suite(void);
Suite *http_scrape_suite(void);
Suite *http_wire_suite(void);
Suite *key_set_suite(void);
Suite *keyed_hash_suite(void);
Suite *metainfo_suite(void);
Suite *list_file_suite(void);
Suite *log_suite(void);
Suite *network_suite(void);
Suite *options_suite(void);
Suite *passkey_suite(void);
Suite *peer_index_suite(void);
Suite *peer_list_suite(void);
Suite *peer_pick_suite(void);
Suite *query_suite(void);
Suite *random_suite(void);
Suite *recorder_suite(void);
Suite *refusal_suite(void);
Suite *registry_suite(void);
Suite *request_rates_suite(void);
Suite *schema_suite(void);
Suite *store_open_suite(void);
Suite *store_suite(void);
Suite *swarm_identity_suite(void);
Suite *swarm_leaving_suite(void);
Suite *swarm_suite(void);
Suite *swarm_table_suite(void);
Suite *ticker_suite(void);
Suite *tracker_access_suite(void);
Suite *tracker_addresses_suite(void);
Suite *tracker_floods_suite(void);
Suite *tracker_limits_suite(void);
Suite *tracker_restore_suite(void);
Suite *tracker_suite(void);
Suite *tracker_threads_suite(void);
Suite *tracker_upkeep_suite(void);
Suite *udp_captures_suite(void);
Suite *udp_wire_suite(void);

#endif
