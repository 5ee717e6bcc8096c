/* Requests from target and headers to the response, with a web handler that repeats what it got. */
#include "server/http_tracker.h"

#include <stdio.h>
#include <stdlib.h>

#include "tracker_support.h"
#include "wire/tracker_reply.h"

#define HASH "info_hash=%01%02%03%04%05%06%07%08%09%0a%0B%0c%0D%0e%0F%10%11%12%13%14"
#define ANNOUNCE "/announce?" HASH "&peer_id=-qB4520-abcdefghijkl&port=6881&left=5"

enum { SCRAPE_MAX = 1000, BODY_MAX = 1000 };

static struct http_context context;
static struct full_scrapes full_scrapes;
static struct http_request request;
static struct http_response response;
static uint8_t buffer[HTTP_RESPONSE_BUFFER];
static enum http_body_plan plan;

static struct web_request seen; /* by the web handler */

static size_t body_max(void *unused, const struct web_request *web) {
    (void)unused;
    return bytes_equal(web->path, bytes_of("/upload")) ? BODY_MAX : 0;
}

static void answer_web_request(void *unused, const struct web_request *web,
                               struct web_response *answer) {
    static const struct http_header more[] = { { "X-More", "1" }, { NULL, NULL } };
    (void)unused;
    seen = *web;
    answer->status = 404;
    answer->kind = HTTP_KIND_PAGE;
    answer->content_type = "text/html";
    snprintf(answer->text, sizeof answer->text, "%d", 17);
    answer->retry_after = answer->text;
    answer->headers = more;
    answer->body = (uint8_t *)strdup("gone");
    answer->len = 4;
    answer->owned = true;
}

static void start_tracker(void) {
    const struct tracker_options options = test_options();
    context.tracker = tracker_create(&options, 0);
    ck_assert_ptr_nonnull(context.tracker);
    context.web = (struct web_handler){ .reserved_prefix = "/api/",
                                        .body_max = body_max,
                                        .handle = answer_web_request };
    context.scrape_max = SCRAPE_MAX;
    context.full_scrape = false;
    context.full_scrapes = &full_scrapes;
    full_scrapes_init(&full_scrapes, context.tracker);
    context.bodies.max = BODY_MAX;
    request = (struct http_request){ .peer = endpoint_at("192.0.2.1", 50000) };
}

static void stop_tracker(void) {
    http_tracker_clear(&request);
    tracker_delete(context.tracker);
}

/* The response to a request with one header, or with none if `name` is NULL. */
static void ask_as(const char *method, const char *target, bool http10, const char *name,
                   const char *value) {
    static const struct proxies proxies = {
        .trusted = {
            .count = 1,
            .list = { { .family = FAMILY_V4, .bits = 8, .address = { 10 } } },
        },
    };
    http_tracker_read_target(&context, &request, bytes_of(target));
    http_tracker_begin_headers(&request, http10, &proxies);
    http_tracker_read_header(&request, "Host", 4, "tracker");
    if (name != NULL)
        http_tracker_read_header(&request, name, strlen(name), value);
    plan = http_tracker_end_headers(&context, method, &request);
    http_tracker_reply(&context, method, &request, START_MS, buffer, &response);
}

static void ask(const char *method, const char *target) {
    ask_as(method, target, false, NULL, NULL);
}

/* The value of a header of the response; NULL: it has none. */
static const char *header_of(const char *name) {
    for (const struct http_header *header = response.headers; header->name != NULL; header++) {
        if (strcmp(header->name, name) == 0)
            return header->value;
    }
    return NULL;
}

static struct announce_reply announced(void) {
    struct announce_reply reply;
    ck_assert_uint_eq(response.status, 200);
    ck_assert_int_eq(response.place, HTTP_BODY_BUFFERED);
    ck_assert_ptr_null(reply_parse_http_announce(response.body, &reply));
    return reply;
}

static void assert_outcome(enum http_kind kind, enum http_result result) {
    ck_assert_int_eq(response.outcome.kind, kind);
    ck_assert_int_eq(response.outcome.result, result);
}

START_TEST(announce_is_answered_and_counted) {
    ask("GET", ANNOUNCE);
    const struct announce_reply reply = announced();
    ck_assert(!reply.refused);
    ck_assert_int_eq(reply.leechers, 1);
    assert_bytes(reply.external_ip, (struct bytes){ request.peer.wire, 4 });
    ck_assert_str_eq(header_of("Content-Type"), "text/plain");
    ck_assert_ptr_null(header_of("Cache-Control"));
    assert_outcome(HTTP_KIND_ANNOUNCE, HTTP_RESULT_OK);
    ck_assert_uint_eq(tracker_stats(context.tracker).peers, 1);
}
END_TEST

START_TEST(malformed_announce_is_refused_permanently) {
    ask("GET", "/announce?port=1");
    const struct announce_reply reply = announced();
    ck_assert(reply.refused);
    assert_bytes(reply.retry_in, bytes_of("never"));
    assert_outcome(HTTP_KIND_ANNOUNCE, HTTP_RESULT_MALFORMED);
}
END_TEST

START_TEST(refusal_of_the_tracker_is_passed_on) {
    struct tracker_options options = test_options();
    options.torrents_max = 0;
    tracker_apply(context.tracker, &options);
    ask("GET", ANNOUNCE);
    ck_assert(announced().refused);
    assert_outcome(HTTP_KIND_ANNOUNCE, HTTP_RESULT_REFUSED);
}
END_TEST

START_TEST(announce_is_a_get) {
    static const char *const methods[] = { "POST", "get", "" };
    for (size_t i = 0; i < COUNT_OF(methods); i++) {
        ask(methods[i], ANNOUNCE);
        ck_assert_uint_eq(response.status, 405);
        ck_assert_str_eq(header_of("Allow"), "GET, HEAD");
        assert_outcome(HTTP_KIND_OTHER, HTTP_RESULT_MALFORMED);
    }
    ck_assert_uint_eq(tracker_stats(context.tracker).peers, 0);
}
END_TEST

START_TEST(head_changes_nothing) {
    ask("HEAD", ANNOUNCE);
    ck_assert_uint_eq(response.status, 200);
    ck_assert_uint_eq(response.body.len, 0);
    assert_outcome(HTTP_KIND_OTHER, HTTP_RESULT_OK);
    ck_assert_uint_eq(tracker_stats(context.tracker).peers, 0);
}
END_TEST

START_TEST(proxy_names_the_client) {
    request.peer = endpoint_at("10.0.0.1", 50000);
    ask_as("GET", ANNOUNCE, false, "X-Forwarded-For", "198.51.100.7");
    const uint8_t client[] = { 198, 51, 100, 7 };
    assert_bytes(announced().external_ip, (struct bytes){ client, sizeof client });
    ask_as("GET", ANNOUNCE, false, "X-Forwarded-For", "unknown");
    ck_assert(announced().refused);
    assert_outcome(HTTP_KIND_ANNOUNCE, HTTP_RESULT_MALFORMED);
}
END_TEST

START_TEST(scrape_lists_each_torrent) {
    ask("GET", ANNOUNCE);
    ask("GET", "/scrape?" HASH "&info_hash=aaaaaaaaaaaaaaaaaaaa&" HASH);
    struct scrape_reply reply;
    struct scrape_counts counts;
    ck_assert_ptr_null(reply_parse_http_scrape(response.body, &reply));
    ck_assert(reply_next_counts(&reply, &counts));
    ck_assert_int_eq(counts.leechers, 1);
    ck_assert(reply_next_counts(&reply, &counts));
    ck_assert_int_eq(counts.leechers, 0);
    ck_assert(!reply_next_counts(&reply, &counts));
    assert_outcome(HTTP_KIND_SCRAPE, HTTP_RESULT_OK);
    ck_assert_int_eq(response.place, HTTP_BODY_BUFFERED);
}
END_TEST

START_TEST(long_scrape_does_not_need_the_buffer) {
    static char target[SCRAPE_MAX * 40];
    size_t len = (size_t)sprintf(target, "/scrape?");
    const size_t count = HTTP_RESPONSE_BUFFER / HTTP_SCRAPE_ENTRY_MAX + 1;
    for (size_t i = 0; i < count; i++)
        len += (size_t)sprintf(target + len, "info_hash=%020zu&", i);
    ask("GET", target);
    ck_assert_uint_eq(response.status, 200);
    ck_assert_int_eq(response.place, HTTP_BODY_OWNED);
    struct scrape_reply reply;
    struct scrape_counts counts;
    ck_assert_ptr_null(reply_parse_http_scrape(response.body, &reply));
    size_t listed = 0;
    while (reply_next_counts(&reply, &counts))
        listed++;
    ck_assert_uint_eq(listed, count);
    free((void *)(uintptr_t)response.body.data);
}
END_TEST

START_TEST(full_scrape_is_a_stream_if_allowed) {
    ask("GET", ANNOUNCE);
    ask("GET", "/scrape");
    assert_outcome(HTTP_KIND_SCRAPE, HTTP_RESULT_MALFORMED);
    context.full_scrape = true;
    ask("GET", "/scrape");
    assert_outcome(HTTP_KIND_SCRAPE, HTTP_RESULT_OK);
    ck_assert_int_eq(response.place, HTTP_BODY_STREAMED);
    uint8_t data[1000];
    size_t len = 0;
    for (size_t more = 1; more > 0; len += more)
        more = full_scrape_read(response.stream.subject, data + len, 7);
    response.stream.close(response.stream.subject);
    struct scrape_reply reply;
    struct scrape_counts counts;
    ck_assert_ptr_null(reply_parse_http_scrape((struct bytes){ data, len }, &reply));
    ck_assert(reply_next_counts(&reply, &counts));
    ck_assert_int_eq(counts.leechers, 1);
}
END_TEST

START_TEST(full_scrapes_share_a_list_and_are_few) {
    struct full_scrape *scrapes[FULL_SCRAPES_MAX];
    ask("GET", ANNOUNCE);
    context.full_scrape = true;
    for (size_t i = 0; i < FULL_SCRAPES_MAX; i++) {
        ask("GET", "/scrape");
        ck_assert_int_eq(response.place, HTTP_BODY_STREAMED);
        scrapes[i] = response.stream.subject;
    }
    ck_assert_uint_eq(full_scrapes.lists, 1);
    ask("GET", "/scrape");
    ck_assert_uint_eq(response.status, 503);
    ck_assert_str_eq(header_of("Retry-After"), "10");
    full_scrape_delete(scrapes[0]);
    ask("GET", "/scrape");
    ck_assert_int_eq(response.place, HTTP_BODY_STREAMED);
    response.stream.close(response.stream.subject);
    for (size_t i = 1; i < FULL_SCRAPES_MAX; i++)
        full_scrape_delete(scrapes[i]);
    ck_assert_uint_eq(full_scrapes.lists, 0);
    ck_assert_uint_eq(full_scrapes.readers, 0);
}
END_TEST

START_TEST(list_of_a_full_scrape_counts_as_memory) {
    struct tracker_options options = test_options();
    struct full_scrape *scrape;
    test_fill(context.tracker, 30000, 30000);
    const uint64_t before = tracker_stats(context.tracker).memory;
    ck_assert_int_eq(full_scrape_begin(&full_scrapes, START_MS, &scrape), FULL_SCRAPE_OK);
    ck_assert_uint_eq(tracker_stats(context.tracker).memory, before + 30000 * INFO_HASH_LEN);
    full_scrape_delete(scrape);
    ck_assert_uint_eq(tracker_stats(context.tracker).memory, before);
    options.memory_max_mib = (uint32_t)(before >> 20);
    ck_assert(tracker_apply(context.tracker, &options));
    ck_assert_int_eq(full_scrape_begin(&full_scrapes, START_MS, &scrape), FULL_SCRAPE_BUSY);
    ck_assert_uint_eq(tracker_stats(context.tracker).memory, before);
}
END_TEST

START_TEST(old_list_of_a_full_scrape_is_replaced_once) {
    struct full_scrape *scrapes[4];
    for (size_t i = 0; i < COUNT_OF(scrapes); i++) {
        const uint64_t now_ms = START_MS + i * FULL_SCRAPE_FRESH_MS;
        ck_assert_int_eq(full_scrape_begin(&full_scrapes, now_ms, &scrapes[i]), FULL_SCRAPE_OK);
        ck_assert_uint_eq(full_scrapes.lists, i == 0 ? 1 : 2);
    }
    for (size_t i = 0; i < COUNT_OF(scrapes); i++)
        full_scrape_delete(scrapes[i]);
    ck_assert_uint_eq(full_scrapes.lists, 0);
    ck_assert_ptr_null(full_scrapes.newest);
}
END_TEST

START_TEST(other_requests_go_to_the_web_handler) {
    request.secure = true;
    ask_as("HEAD", "/page/scrapes?x=%41", true, "Authorization", "Bearer x");
    assert_bytes(seen.path, bytes_of("/page/scrapes"));
    assert_bytes(seen.query, bytes_of("x=%41"));
    ck_assert_str_eq(seen.method, "GET");
    ck_assert_str_eq(seen.host, "tracker");
    ck_assert_str_eq(seen.authorization, "Bearer x");
    ck_assert_ptr_null(seen.origin);
    ck_assert(seen.secure);
    ck_assert(seen.client_uncertain);
    ck_assert(endpoint_equal(&seen.client, &request.peer));

    ck_assert_uint_eq(response.status, 404);
    assert_outcome(HTTP_KIND_PAGE, HTTP_RESULT_NOT_FOUND);
    ck_assert_str_eq(header_of("Cache-Control"), "no-store");
    ck_assert_str_eq(header_of("Retry-After"), "17");
    ck_assert_ptr_null(header_of("ETag"));
    ck_assert_str_eq(response.more_headers->name, "X-More");
    ck_assert_int_eq(response.place, HTTP_BODY_OWNED);
    free((void *)(uintptr_t)response.body.data);
}
END_TEST

START_TEST(reserved_path_is_no_announce) {
    ask("GET", "/api/announce");
    assert_outcome(HTTP_KIND_PAGE, HTTP_RESULT_NOT_FOUND);
    free((void *)(uintptr_t)response.body.data);
}
END_TEST

START_TEST(first_of_equal_headers_counts) {
    http_tracker_read_target(&context, &request, bytes_of("/"));
    http_tracker_begin_headers(&request, false, NULL);
    http_tracker_read_header(&request, "hOST", 4, "one");
    http_tracker_read_header(&request, "Host", 4, "two");
    ck_assert_str_eq(request.web.host, "one");
    http_tracker_read_target(&context, &request, bytes_of("/"));
    ck_assert_ptr_null(request.web.host);
}
END_TEST

START_TEST(long_target_is_rejected) {
    char target[HTTP_TARGET_MAX + 2] = "/";
    memset(target + 1, 'x', HTTP_TARGET_MAX);
    ask("GET", target);
    ck_assert_uint_eq(response.status, 414);
    assert_outcome(HTTP_KIND_OTHER, HTTP_RESULT_MALFORMED);
}
END_TEST

static const struct {
    const char *target, *name, *value;
    bool http10;
} faults[] = {
    { "/upload", "Transfer-Encoding", "gzip", false },
    { "/upload", "Transfer-Encoding", "chunked", true },
    { ANNOUNCE, "transfer-encoding", "gzip, chunked", false },
    { ANNOUNCE, "Content-Length ", "5", false },
    { ANNOUNCE, "\tX-Forwarded-For", "5", false },
};

START_TEST(request_that_a_proxy_may_read_differently_ends_the_connection) {
    ask_as("GET", faults[_i].target, faults[_i].http10, faults[_i].name, faults[_i].value);
    ck_assert_int_eq(plan, HTTP_BODY_REJECT);
    ck_assert_uint_eq(response.status, 400);
    ck_assert_str_eq(header_of("Connection"), "close");
    ck_assert_uint_eq(tracker_stats(context.tracker).peers, 0);
    ask("GET", ANNOUNCE);
    ck_assert(!announced().refused);
}
END_TEST

START_TEST(two_lengths_are_ambiguous) {
    static const char *const second[] = { "Content-Length", "Transfer-Encoding" };
    for (size_t i = 0; i < COUNT_OF(second); i++) {
        http_tracker_read_target(&context, &request, bytes_of("/upload"));
        http_tracker_begin_headers(&request, false, NULL);
        http_tracker_read_header(&request, "Content-Length", 14, "5");
        http_tracker_read_header(&request, second[i], strlen(second[i]), "chunked");
        ck_assert_int_eq(http_tracker_end_headers(&context, "POST", &request), HTTP_BODY_REJECT);
    }
}
END_TEST

static const struct {
    const char *target, *name, *value;
    enum http_body_plan plan;
} bodies[] = {
    { "/upload", "Content-Length", "1000", HTTP_BODY_READ },
    { "/upload", "Content-Length", "1001", HTTP_BODY_READ }, /* and discarded */
    { "/upload", "Transfer-Encoding", "Chunked", HTTP_BODY_READ },
    { "/other", "Content-Length", "10", HTTP_BODY_READ },
    { "/other", "Content-Length", "10000", HTTP_BODY_REJECT },
    { "/other", "Content-Length", "x", HTTP_BODY_REJECT },
    { "/other", "Transfer-Encoding", "chunked", HTTP_BODY_REJECT },
    { "/other", "Expect", "100-continue", HTTP_BODY_READ },
    { ANNOUNCE, "Content-Length", "10000", HTTP_BODY_READ }, /* and discarded */
};

START_TEST(plan_of_a_body_follows_the_web_handler) {
    ask_as("POST", bodies[_i].target, false, bodies[_i].name, bodies[_i].value);
    ck_assert_int_eq(plan, bodies[_i].plan);
    if (response.place == HTTP_BODY_OWNED)
        free((void *)(uintptr_t)response.body.data);
}
END_TEST

START_TEST(body_reaches_the_web_handler) {
    http_tracker_read_target(&context, &request, bytes_of("/upload"));
    http_tracker_begin_headers(&request, false, NULL);
    http_tracker_read_header(&request, "Content-Length", 14, "4");
    ck_assert_int_eq(http_tracker_end_headers(&context, "POST", &request), HTTP_BODY_READ);
    ck_assert(http_body_add(&request.body, "data", 4));
    http_tracker_reply(&context, "POST", &request, START_MS, buffer, &response);
    assert_bytes(seen.body, bytes_of("data"));
    free((void *)(uintptr_t)response.body.data);
    http_tracker_clear(&request);
    ck_assert_uint_eq(context.bodies.used, 0);
}
END_TEST

UNIT_SUITE(http_tracker) {
    Suite *suite = suite_create("http_tracker");
    TCase *replies = tcase_create("replies");
    tcase_add_checked_fixture(replies, start_tracker, stop_tracker);
    tcase_add_test(replies, announce_is_answered_and_counted);
    tcase_add_test(replies, malformed_announce_is_refused_permanently);
    tcase_add_test(replies, refusal_of_the_tracker_is_passed_on);
    tcase_add_test(replies, announce_is_a_get);
    tcase_add_test(replies, head_changes_nothing);
    tcase_add_test(replies, proxy_names_the_client);
    tcase_add_test(replies, scrape_lists_each_torrent);
    tcase_add_test(replies, long_scrape_does_not_need_the_buffer);
    tcase_add_test(replies, full_scrape_is_a_stream_if_allowed);
    tcase_add_test(replies, full_scrapes_share_a_list_and_are_few);
    tcase_add_test(replies, list_of_a_full_scrape_counts_as_memory);
    tcase_add_test(replies, old_list_of_a_full_scrape_is_replaced_once);
    tcase_add_test(replies, other_requests_go_to_the_web_handler);
    tcase_add_test(replies, reserved_path_is_no_announce);
    tcase_add_test(replies, first_of_equal_headers_counts);
    tcase_add_test(replies, long_target_is_rejected);
    tcase_add_loop_test(replies, request_that_a_proxy_may_read_differently_ends_the_connection, 0,
                        LOOPS_OF(faults));
    tcase_add_test(replies, two_lengths_are_ambiguous);
    tcase_add_loop_test(replies, plan_of_a_body_follows_the_web_handler, 0, LOOPS_OF(bodies));
    tcase_add_test(replies, body_reaches_the_web_handler);
    suite_add_tcase(suite, replies);
    return suite;
}
