/* Records of the cluster: changes to peers, counters and the registry as nodes exchange them, bytes
 * to structs and back.
 *
 * An entry is one message of a node: its header, then records up to its end. A chunk of a snapshot
 * has another header and the same records. A header is its length (a varint) and its fields, a
 * record its length, its kind (one byte) and its fields. Formats only grow: new kinds are added,
 * and new fields at the end of a kind or header, so a reader skips the kinds and ignores the fields
 * that it does not know. A known kind with invalid fields is skipped, too.
 *
 * Numbers are big-endian, or varints (7 bits per byte, lowest first, at most 10 bytes). Encoding
 * and decoding are pure and allocate nothing; decoded `struct bytes` borrow the input. */
#ifndef SKEP_CLUSTER_RECORD_H
#define SKEP_CLUSTER_RECORD_H

#include "base/bytes.h"
#include "base/endpoint.h"
#include "base/id_lengths.h"
#include "swarm/peer_sending.h"
#include "swarm/stamped_peer.h"

enum {
    RECORD_PUT_V4_MAX = 100, /* bytes of a put of an IPv4 peer, with its length, without a count */
    RECORD_MAX = 1024,       /* bytes of any record */
    HEADER_MAX = 48,         /* bytes of a header, with its length */
    REGISTRY_KEY_MAX = 64,
    REGISTRY_VALUE_MAX = 512,
    NODE_NAME_MAX = 64,
    NODE_VERSION_MAX = 31,
    NODES_MAX = 32, /* positions in a heartbeat */
};

/* Greatest numbers of a heartbeat and a put: larger ones are sent as these. LEFT_UNKNOWN is apart.
 */
#define RECORD_BEHIND_MAX ((UINT64_C(1) << 42) - 1)
#define RECORD_LEFT_MAX ((UINT64_C(1) << 49) - 2)
#define RECORD_TOTAL_KIB_MAX ((UINT64_C(1) << 40) - 1)

/* On the wire: the values must not change. */
enum record_kind {
    RECORD_NONE = 0, /* no record is left */
    RECORD_PUT = 1,
    RECORD_REMOVE = 2,
    RECORD_COMPLETION = 3,
    RECORD_COUNTER = 4,
    RECORD_REGISTRY = 5,
    RECORD_HEARTBEAT = 6,
    RECORD_REQUEST = 7,
    RECORD_TOMBSTONE = 8,

    RECORD_UNKNOWN = 255, /* an unknown kind, or invalid fields: skip it */
};

/* A change of a registry entry. `key` and `value` are not interpreted here. */
struct registry_record {
    uint8_t kind;
    bool restricts;       /* a ban, a block, or the end of a permission */
    uint64_t restriction; /* stamp of the newest restriction of the key that the node knew */
    struct bytes key;     /* 1 to REGISTRY_KEY_MAX bytes */
    struct bytes value;   /* at most REGISTRY_VALUE_MAX bytes; empty if the entry was removed */
};

/* How far a node has read the entries of another one. */
struct position {
    uint64_t node;
    uint64_t incarnation;
    uint64_t number;
};

struct heartbeat {
    bool joined;
    bool whole;
    bool empty;              /* nothing was restored, and no snapshot has arrived */
    uint32_t interval_max_s; /* 1 to INTERVAL_LIMIT_S */
    uint32_t budget_per_s;   /* announces */
    struct bytes name;       /* at most NODE_NAME_MAX bytes */
    struct bytes positions;  /* encoded; see position_read */
    /* What an earlier version does not send: empty and 0. */
    struct bytes version;     /* of skepd, at most NODE_VERSION_MAX bytes */
    uint32_t announces_per_s; /* since the last heartbeat */
    int64_t clock_offset_ms;  /* of the engine's clock from the machine's */
    bool has_lag;             /* the next two are known */
    uint64_t behind_entries;  /* of the stream, which the node has not read yet */
    uint64_t behind_ms;       /* age of these */
};

/* Completions of a torrent that one node has counted. */
struct node_count {
    uint64_t node; /* an id it counts under; 0: no count */
    uint32_t counted;
    uint32_t taken_back;
};

struct record {
    enum record_kind kind;
    /* Of the change. RECORD_COUNTER: of the torrent's last change. Not of RECORD_HEARTBEAT and
     * RECORD_REQUEST. See swarm/stamp.h. */
    uint64_t stamp;
    /* RECORD_COUNTER, and RECORD_PUT with a completion that the node has counted. */
    struct node_count count;
    union {
        struct { /* RECORD_PUT and RECORD_REMOVE; a remove has the key only */
            struct peer_key peer;
            struct peer_state state;
        };
        struct { /* RECORD_COMPLETION; a put contains it, unless the peer has left */
            uint8_t info_hash[INFO_HASH_LEN];
            uint64_t identity; /* hash of info_hash and client */
        } completion;
        struct { /* RECORD_COUNTER */
            uint8_t info_hash[INFO_HASH_LEN];
        } counter;
        struct registry_record registry; /* RECORD_REGISTRY */
        struct heartbeat heartbeat;      /* RECORD_HEARTBEAT */
        uint64_t request;                /* RECORD_REQUEST: id of the snapshot */
        uint64_t hash;                   /* RECORD_TOMBSTONE: of a peer's key */
    };
};

/* `site`: hash of the site's name; 0: the default one. */
struct entry_header {
    uint64_t node;
    uint64_t incarnation;
    uint64_t number; /* from 1, per incarnation; 0: the entry has no number */
    uint64_t site;
};

struct chunk_header {
    uint64_t request;
    uint64_t node; /* the source */
    uint64_t site;
    uint32_t index; /* from 0 */
    bool whole;     /* the source was whole from the first chunk to this one */
    bool last;
};

/* Writes a record with its length. `positions` of a heartbeat are written as they are. Fails, as
 * the writer does, if it does not fit. The fields are within their bounds. */
void record_write(struct writer *w, const struct record *record);

/* Removes the next record from `*rest` and decodes it. Returns its kind, RECORD_UNKNOWN if it is to
 * be skipped, or RECORD_NONE at the end, also if the last record is truncated. */
enum record_kind record_read(struct bytes *rest, struct record *record);

/* Positions in a heartbeat: writes one; removes the next one from `*rest`, false at the end. */
void position_write(struct writer *w, const struct position *position);
bool position_read(struct bytes *rest, struct position *position);

/* Headers. Reading removes it from `*rest`; false, and `*header` unchanged, if it is invalid. */
void entry_header_write(struct writer *w, const struct entry_header *header);
bool entry_header_read(struct bytes *rest, struct entry_header *header);
void chunk_header_write(struct writer *w, const struct chunk_header *header);
bool chunk_header_read(struct bytes *rest, struct chunk_header *header);

#endif
