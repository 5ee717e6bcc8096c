/* HTTP codec of announce and scrape: URL in, bencoded body out. BEP 3, 7, 21, 23, 24, 31, 48. Pure
 * functions over bytes; any thread; no allocation. */
#ifndef SKEP_WIRE_HTTP_WIRE_H
#define SKEP_WIRE_HTTP_WIRE_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum {
    HTTP_ANNOUNCE_MAX = 384 + NUMWANT_LIMIT * 112, /* with all peers as dictionaries */
    HTTP_SCRAPE_ENTRY_MAX = 128,
    HTTP_SCRAPE_FIXED_MAX = 96,
    HTTP_FAILURE_MAX = 512,
};

enum http_route_kind { HTTP_ROUTE_OTHER, HTTP_ROUTE_ANNOUNCE, HTTP_ROUTE_SCRAPE };

/* Parts of a request target. Slices borrow the URL. */
struct http_target {
    enum http_route_kind kind;
    struct bytes path;  /* up to the '?' */
    struct bytes query; /* after the '?' */
    struct bytes key;   /* the passkey in the path, encoded; empty: none */
};

/* The last part of the path decides: "announce" or "scrape", with an optional extension such as
 * ".php" (BEP 48) and slash. The key is the path before it ("/KEY/announce") or the part after it
 * ("/announce/KEY"). */
struct http_target http_parse_target(struct bytes url);

struct http_announce {
    struct announce_request request; /* without `peer`, which is the socket's address */
    uint16_t port;
    bool compact;
    bool no_peer_id;
};

/* Result of parsing a query; `error` is NULL if it is valid. */
typedef const char *http_error;

/* Parses the query of an announce. Returns NULL and fills `*announce`; or returns the text of a
 * `failure reason` and sets only `peer_id`, to zeros if that is missing or invalid. */
http_error http_parse_announce(struct bytes query, struct http_announce *announce);

/* Parses the query of a scrape: up to `max` different info_hashes, sorted bytewise. Returns as
 * above; without any info_hash `*count` is 0. */
http_error http_parse_scrape(struct bytes query, uint8_t (*hashes)[INFO_HASH_LEN], size_t max,
                             size_t *count);

/* BEP 3, 7 (peers6), 23 (compact), 24 (external ip), and `downloaded`. */
void http_write_announce(struct writer *w, const struct http_announce *announce,
                         const struct announce_response *response);

/* `retry_in_min`: minutes (BEP 31); 0 omits it, UINT32_MAX is "never". Intervals of 0 are omitted.
 */
void http_write_failure(struct writer *w, const char *reason, uint32_t interval_s,
                        uint32_t min_interval_s, uint32_t retry_in_min);

/* A scrape response: open it, put the entries in bytewise order, close it. BEP 48. */
void http_write_scrape_open(struct writer *w);
void http_write_scrape_entry(struct writer *w, const uint8_t info_hash[static INFO_HASH_LEN],
                             const struct scrape_entry *entry);
void http_write_scrape_close(struct writer *w, uint32_t min_request_interval_s);

#endif
