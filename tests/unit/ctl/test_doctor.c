#include "ctl/doctor/system_checks.h"
#include <stdio.h>

#include "suites.h"

static const struct system_facts healthy = {
    .open_files = 20,
    .open_files_max = 1024,
    .receive_buffer = 4194304,
    .receive_buffer_wanted = 4194304,
    .conntrack_entries = 10,
    .conntrack_max = 262144,
    .peers = 100,
};

/* Level and check of the finding that is not good; "" if all are. */
static const char *judge(const struct system_facts *facts) {
    static char text[64];
    struct findings findings;
    ck_assert(findings_begin(&findings, true));
    system_checks_judge(facts, &findings);
    text[0] = '\0';
    json_t *item;
    size_t i;
    json_array_foreach(findings.items, i, item) {
        const char *level = json_string_value(json_object_get(item, "level"));
        const bool good = strcmp(level, "good") == 0;
        ck_assert(json_is_null(json_object_get(item, "fix")) == good);
        if (!good)
            snprintf(text, sizeof text, "%s %s", level,
                     json_string_value(json_object_get(item, "check")));
    }
    json_decref(findings.items);
    return text;
}

START_TEST(healthy_system_has_good_findings_only) {
    ck_assert_str_eq(judge(&healthy), "");
}
END_TEST

START_TEST(open_files_near_their_limit_are_a_fault) {
    struct system_facts facts = healthy;
    facts.open_files = 1000;
    ck_assert_str_eq(judge(&facts), "fault files");
    facts.open_files = facts.open_files_max = -1;
    ck_assert_str_eq(judge(&facts), "");
}
END_TEST

START_TEST(small_receive_buffer_is_a_warning) {
    struct system_facts facts = healthy;
    facts.receive_buffer = 212992;
    ck_assert_str_eq(judge(&facts), "warning buffers");
}
END_TEST

START_TEST(full_connection_tracking_is_a_fault) {
    struct system_facts facts = healthy;
    facts.conntrack_entries = 262144;
    ck_assert_str_eq(judge(&facts), "fault conntrack");
    facts.conntrack_entries = -1;
    ck_assert_str_eq(judge(&facts), "");
}
END_TEST

START_TEST(more_peers_than_tracked_connections_are_a_warning) {
    struct system_facts facts = healthy;
    facts.peers = 200000;
    ck_assert_str_eq(judge(&facts), "warning conntrack");
}
END_TEST

START_TEST(clock_that_is_not_synchronised_is_a_warning) {
    struct system_facts facts = healthy;
    facts.clock_unsynchronised = true;
    ck_assert_str_eq(judge(&facts), "warning clock");
}
END_TEST

START_TEST(facts_come_from_the_metrics) {
    struct system_facts facts;
    system_facts_read(&facts, bytes_of("# HELP process_open_fds x\nprocess_open_fds 23\n"
                                       "process_max_fds_other 1\nprocess_max_fds +Inf\n"
                                       "skep_udp_receive_buffer_bytes 212992\n"
                                       "skep_udp_receive_buffer_configured_bytes 4194304"));
    ck_assert_double_eq(facts.open_files, 23);
    ck_assert_double_infinite(facts.open_files_max);
    ck_assert_double_eq(facts.receive_buffer, 212992);
    ck_assert_double_eq(facts.receive_buffer_wanted, 4194304);
}
END_TEST

UNIT_SUITE(doctor) {
    Suite *suite = suite_create("doctor");
    TCase *checks = tcase_create("checks");
    tcase_add_test(checks, healthy_system_has_good_findings_only);
    tcase_add_test(checks, open_files_near_their_limit_are_a_fault);
    tcase_add_test(checks, small_receive_buffer_is_a_warning);
    tcase_add_test(checks, full_connection_tracking_is_a_fault);
    tcase_add_test(checks, more_peers_than_tracked_connections_are_a_warning);
    tcase_add_test(checks, clock_that_is_not_synchronised_is_a_warning);
    tcase_add_test(checks, facts_come_from_the_metrics);
    suite_add_tcase(suite, checks);
    return suite;
}
