/* Announce and scrape as HTTP carries them: a URL in, a bencoded body out. BEP 3, 7, 21, 23, 24,
 * 31,
 * 48. Pure functions over bytes; any thread; they allocate nothing. */
#ifndef SKEP_WIRE_HTTP_WIRE_H
#define SKEP_WIRE_HTTP_WIRE_H

#include "base/bytes.h"
#include "swarm/announce.h"

enum {
    HTTP_ANNOUNCE_MAX = 384 + NUMWANT_LIMIT * 112, /* with every peer as a dictionary */
    HTTP_SCRAPE_ENTRY_MAX = 128,
    HTTP_SCRAPE_FIXED_MAX = 96,
    HTTP_FAILURE_MAX = 512,
};

enum http_route_kind { HTTP_ROUTE_OTHER, HTTP_ROUTE_ANNOUNCE, HTTP_ROUTE_SCRAPE };

/* What a URL asks for. Slices borrow the URL. */
struct http_target {
    enum http_route_kind kind;
    struct bytes path;   /* up to the '?' */
    struct bytes prefix; /* what stands before the last part: "KEY" of "/KEY/announce" */
    struct bytes query;  /* behind the '?' */
};

/* The last part of the path decides: "announce" or "scrape", with an optional extension such as
 * ".php" (BEP 48); but nothing below "/api/" is either. */
struct http_target http_parse_target(struct bytes url);

struct http_announce {
    struct announce_request request; /* without `peer`, whose address the socket knows */
    uint16_t port;
    bool compact;
    bool no_peer_id;
};

/* Why a query is no announce or scrape; NULL in `error` means that it is one. */
typedef const char *http_error;

/* Reads an announce's query. NULL and `*announce` filled, or what is wrong with it, in words for a
 * `failure reason`, and `*announce` untouched. */
http_error http_parse_announce(struct bytes query, struct http_announce *announce);

/* Reads a scrape's query: up to `max` different info_hashes, sorted bytewise. The same kind of
 * answer as above; no hash at all is fine and sets `*count` to 0. */
http_error http_parse_scrape(struct bytes query, uint8_t (*hashes)[INFO_HASH_LEN], size_t max,
                             size_t *count);

/* BEP 3, 7 (peers6), 23 (compact), 24 (external ip), and `downloaded`. */
void http_write_announce(struct writer *w, const struct http_announce *announce,
                         const struct announce_response *response);

/* `retry_in_min`: BEP 31's minutes; 0 leaves it out, UINT32_MAX is "never". The intervals are left
 * out where they are 0. */
void http_write_failure(struct writer *w, const char *reason, uint32_t interval_s,
                        uint32_t min_interval_s, uint32_t retry_in_min);

/* A scrape's body is opened, gets its entries in bytewise order, and is closed. BEP 48. */
void http_write_scrape_open(struct writer *w);
void http_write_scrape_entry(struct writer *w, const uint8_t info_hash[static INFO_HASH_LEN],
                             const struct scrape_entry *entry);
void http_write_scrape_close(struct writer *w, uint32_t min_request_interval_s);

#endif
