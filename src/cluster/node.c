#include "cluster/node.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "base/random.h"
#include "cluster/answers.h"
#include "cluster/gaps.h"
#include "cluster/joining.h"
#include "cluster/snapshot_source.h"
#include "cluster/tracker_table.h"
#include "swarm/stamp.h"

enum {
    READ_BYTES = 1 << 20, /* of a read, about */
    READ_COUNT_MAX = 4096,
    FLIGHT_MAX = 16,    /* new entries that are sent at once */
    RESEND_COUNT = 256, /* entries that are sent again at once, and their bytes, about */
    RESEND_BYTES = 1 << 20,
    RECONNECT_MS = 200,
    RETRY_MS = 1000, /* if it fails, or the engine refuses a command */
    UPDATE_MS = 1000,
    AWAY_MS = 5000,     /* after a loss of the connection, until peers expire without it */
    CURRENT_MS = 30000, /* after the end of the stream was read */
    LASTING_MS = 60000,
    CLOCK_TOOK_MS = 50,
    CLOCK_KEPT_MS = 60000,
    WALK_STEPS = 16, /* of one node_step */
    WALK_ROOM = TABLE_STEP * RECORD_MAX,
    CHUNKS_MAX = 8,
    REQUESTS_MAX = 8,
    REPORTS_MAX = 8,
    REPORTED_MS = 60000, /* until the same failure is logged again, if it ended in between */
    SOURCE_PATIENCE_MS = ENGINE_KEYS_EXPIRE_MS - 5000,
    RECORDS_PER_ENTRY = NODE_ENTRY_LEN / 80, /* about */
};

/* Entries with a number that are not in the stream for certain. */
struct flight {
    uint8_t (*data)[NODE_ENTRY_LEN];
    struct bytes entries[FLIGHT_MAX];
    size_t records[FLIGHT_MAX]; /* of each entry, without the heartbeat */
    size_t count;
};

/* Sends peers, or what lasts (completions, counters and the registry), to all, as far as the queue
 * has room. */
struct walk {
    bool running;
    bool lasting;
    uint64_t peers_from; /* stamp; 0: no peers */
    size_t completion;   /* cursor of the set */
    struct table_cursor cursor;
};

/* Removes the peers that the tombstones of a snapshot name. */
struct removing {
    bool running;
    struct table_cursor cursor;
    size_t count;
    struct record found[TABLE_STEP];
};

/* A failure that was logged. */
struct report {
    uint64_t hash;
    uint64_t at_ms;
};

struct request {
    uint64_t id;
    uint64_t read_ms;
};

struct node {
    struct node_options options;
    char name[NODE_NAME_MAX + 1];
    struct node_table table;

    pthread_mutex_t lock; /* guards these; not held while waiting for the engine */
    struct replica replica;
    struct outbox outbox;
    size_t in_flight; /* records */
    struct gaps gaps;
    struct members members;
    struct joining joining;
    struct cluster_clock clock;
    bool has_connected;
    bool foreign; /* see struct node_facts */
    struct node_status status;
    uint32_t interval_max_s;
    uint32_t budget_per_s;

    /* Of the thread. */
    uint64_t now_ms;   /* when the step began */
    uint64_t began_ns; /* the same by clock_now_ns() */
    struct engine *engine;
    struct random random;
    uint64_t retry_ms;
    uint64_t read_retry_ms; /* the engine has refused the last read; 0: it has not */
    struct report reports[REPORTS_MAX];
    size_t next_report;
    bool reported;            /* a failure, not yet its end */
    uint64_t update_ms;       /* of the table */
    uint64_t merged_ms;       /* see struct node_facts */
    uint64_t clock_until_ms;  /* no bad answer is used before */
    uint64_t hold_until_ms;   /* the clock has jumped: merged_ms stays */
    uint64_t asked_ms;        /* when the last read of the stream was sent */
    uint64_t read_ms;         /* the same, of the last one with a reply */
    size_t read_count;        /* entries of that */
    size_t read_bytes;        /* bytes of these */
    uint32_t read_max;        /* entries of the next read */
    uint64_t at_end_ms;       /* the same, of the last read that reached the end */
    char run[ENGINE_RUN_LEN]; /* of the engine; empty: never connected */
    uint64_t ever_added;      /* entries of the stream, when last looked at */
    bool must_resend;
    struct stream_id position;
    struct stream_id asked; /* position of the last read that was sent */
    struct stream_id last;  /* own entry */
    struct flight flight;
    uint64_t number;
    uint64_t own_read; /* number of the last own entry that was read back */
    struct answers answers;
    uint64_t send_ms; /* of the next entry */
    uint64_t heartbeat_ms;
    bool must_beat;     /* with the next entry */
    uint64_t announces; /* when they were counted last */
    uint64_t counted_ms;
    uint64_t lasting_ms;
    struct walk walk;
    struct removing removing;
    bool has_adopted;                      /* the download counts of the store */
    struct request requests[REQUESTS_MAX]; /* of other nodes */
    size_t request_count;
    struct snapshot_source source;
    uint8_t *chunk;   /* SNAPSHOT_BUFFER_LEN while sending, otherwise NULL */
    size_t chunk_len; /* of the chunk that is sent next; 0: not written yet */
    uint64_t chunk_request;
    uint64_t chunk_ms;                 /* the last one was sent */
    const struct entry_header *header; /* of the entry that is being merged; NULL: of a chunk */
    bool moved_chunk;                  /* in the present step */
};

static void lock(struct node *node) {
    pthread_mutex_lock(&node->lock);
}

static void unlock(struct node *node) {
    pthread_mutex_unlock(&node->lock);
}

static uint64_t cluster_ms(const struct node *node) {
    return cluster_clock_read(&node->clock, node->now_ms);
}

/* Starts and stops. */

static void update_table(struct node *node) {
    const struct node_facts facts = {
        .node = node->options.replica.node,
        .clock = node->clock,
        .merged_ms = node->merged_ms,
        .current_until_ms = node->at_end_ms == 0 ? 0 : node->at_end_ms + CURRENT_MS,
        .budget_per_s = members_budget_per_s(&node->members, node->budget_per_s, node->now_ms),
        .connected = node->has_connected,
        .foreign = node->foreign,
        .secret = node->options.replica.secret,
    };
    node->update_ms = node->now_ms + UPDATE_MS;
    node->table.update(node->table.context, &facts);
}

static void create_replica(struct node *node) {
    node->replica = replica_create(&node->options.replica, cluster_ms(node));
}

struct node *node_create(const struct node_options *options, const struct node_table *table,
                         uint64_t now_ms) {
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        return NULL;
    pthread_mutex_init(&node->lock, NULL);
    node->options = *options;
    node->table = *table;
    snprintf(node->name, sizeof node->name, "%s", options->name);
    node->now_ms = now_ms;
    node->interval_max_s = node->budget_per_s = 1;
    node->read_max = READ_BYTES / NODE_ENTRY_LEN;
    node->clock = cluster_clock_begin(options->clock_ms, now_ms);
    node->joining = joining_begin(now_ms);
    node->joining.patience_ms = options->join_timeout_ms;
    node->joining.empty = options->empty;
    node->engine = engine_create(&options->engine);
    node->flight.data = calloc(FLIGHT_MAX, sizeof *node->flight.data);
    if (node->engine == NULL || node->flight.data == NULL ||
        !random_secret(&node->random, sizeof node->random) ||
        !outbox_create(&node->outbox, &options->queues)) {
        node_delete(node);
        return NULL;
    }
    node->answers.key.half[0] = random_next(&node->random);
    node->answers.key.half[1] = random_next(&node->random);
    create_replica(node);
    node->merged_ms = now_ms;
    update_table(node);
    return node;
}

void node_delete(struct node *node) {
    if (node == NULL)
        return;
    replica_free(&node->replica);
    outbox_free(&node->outbox);
    engine_delete(node->engine);
    free(node->flight.data);
    free(node->chunk);
    pthread_mutex_destroy(&node->lock);
    free(node);
}

/* Failures. */

/* The commands of a node may fail in turn, or each one now and then: each failure is logged once in
 * a while. */
static void report_error(struct node *node, const char *error) {
    static const struct hash_key key = { { 0, 0 } };
    const uint64_t hash = keyed_hash(&key, error, strlen(error));
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        const struct report *report = &node->reports[i];
        if (report->hash == hash && node->now_ms < report->at_ms + REPORTED_MS)
            return;
    }
    node->reports[node->next_report] = (struct report){ .hash = hash, .at_ms = node->now_ms };
    node->next_report = (node->next_report + 1) % REPORTS_MAX;
    node->reported = true;
    log_warning("cluster: changes wait: engine %s", error);
}

/* An empty text: all is well again. */
static void note_error(struct node *node, const char *error) {
    lock(node);
    const bool is_new = strcmp(node->status.error, error) != 0;
    snprintf(node->status.error, sizeof node->status.error, "%s", error);
    node->status.connected = engine_is_connected(node->engine);
    unlock(node);
    if (is_new && *error != '\0')
        report_error(node, error);
}

static void note_success(struct node *node) {
    note_error(node, "");
    if (node->reported)
        log_info("cluster: the engine takes changes again");
    node->reported = false;
}

/* Whether a call to the engine has succeeded. After a failure, nothing is written for a while. */
static bool is_done(struct node *node, enum engine_result result) {
    if (result == ENGINE_DONE)
        return true;
    note_error(node, engine_error(node->engine));
    node->retry_ms = node->now_ms + (result == ENGINE_LOST ? RECONNECT_MS : RETRY_MS);
    return false;
}

/* The engine. */

/* A step may have waited since it began. The engine's answer is as old as half the time it took. A
   slow answer would set the clock wrong, so it is used only without a recent better answer. */
static void follow_clock(struct node *node) {
    uint64_t engine_ms = 0;
    const uint64_t asked_ns = clock_now_ns();
    if (!is_done(node, engine_time(node->engine, &engine_ms)))
        return;
    const uint64_t took_ns = clock_now_ns() - asked_ns;
    const uint64_t answered_ns = asked_ns + took_ns / 2;
    const uint64_t answered_ms = node->now_ms + (answered_ns - node->began_ns) / 1000000;
    if (took_ns > CLOCK_TOOK_MS * UINT64_C(1000000) && node->now_ms < node->clock_until_ms)
        return;
    node->clock_until_ms = node->now_ms + CLOCK_KEPT_MS;
    lock(node);
    const bool jumped = cluster_clock_follow(&node->clock, engine_ms, answered_ms);
    node->status.clock_offset_ms = (int64_t)engine_ms - clock_unix_ms();
    if (jumped)
        node->hold_until_ms = node->now_ms + UINT64_C(1000) * node->interval_max_s;
    update_table(node);
    unlock(node);
}

static void trim(struct node *node, uint64_t bytes_max) {
    const uint64_t age_ms = UINT64_C(1000) * node->options.stream_age_max_s;
    const uint64_t now_ms = cluster_ms(node);
    uint64_t bytes;
    const uint64_t oldest_ms = now_ms > age_ms ? now_ms - age_ms : 0;
    if (!is_done(node, engine_trim(node->engine, bytes_max, oldest_ms, &bytes)))
        return;
    lock(node);
    node->status.stream_bytes = bytes;
    unlock(node);
}

/* The first time, its size may be unknown. */
static void make_room(struct node *node) {
    const uint64_t bytes = node->status.stream_bytes;
    const uint64_t bytes_max = node->options.stream_bytes_max;
    trim(node, bytes == 0 || bytes > bytes_max ? bytes_max : bytes / 4 * 3);
}

/* The stream is another one: its end is read again, and what it may lack is sent again. A promoted
 * replica may give ids again that are smaller than this node's position. What is older than what
 * is sent again is not read: others may have forgotten it. */
static void begin_again(struct node *node, const struct engine_stream *stream) {
    const bool ahead = stream_id_before(stream->last, node->position);
    const uint64_t end_ms = ahead ? stream->last.ms : node->position.ms;
    node->position = (struct stream_id){ .ms = end_ms > SENT_KEPT_MS ? end_ms - SENT_KEPT_MS : 0 };
    node->must_resend = true;
}

static void look_at_stream(struct node *node) {
    struct engine_stream stream;
    if (!is_done(node, engine_stream(node->engine, &stream)))
        return;
    const char *run = engine_info(node->engine)->run;
    const bool lost_own = stream_id_before(stream.last, node->last);
    if (node->run[0] == '\0')
        node->position = stream.last;
    else if (strcmp(node->run, run) != 0 || stream.ever_added < node->ever_added || lost_own)
        begin_again(node, &stream);
    snprintf(node->run, sizeof node->run, "%s", run);
    node->ever_added = stream.ever_added;
    node->last = (struct stream_id){ 0 };
    /* Before the first entry, the position has no time. */
    const bool behind = node->position.ms > 0 && stream_id_before(node->position, stream.last);
    lock(node);
    node->status.behind_ms = behind ? stream.last.ms - node->position.ms : 0;
    unlock(node);
}

/* The first node of a cluster makes the secret. A node that has another one, from its store, takes
 * the cluster's unless it has joined: then the engine has lost it and got that of a new node. */
static enum engine_result share_secret(struct node *node) {
    struct hash_key secret = node->options.replica.secret;
    const enum engine_result result =
        engine_share_secret(node->engine, (uint8_t *)&secret, sizeof secret);
    if (!is_done(node, result))
        return result;
    lock(node);
    const bool differs = memcmp(&secret, &node->options.replica.secret, sizeof secret) != 0;
    const bool takes = differs && !node->joining.joined;
    node->foreign = node->has_connected ? node->foreign : differs;
    node->has_connected = true;
    if (takes) {
        struct replica past = node->replica;
        node->options.replica.secret = secret;
        create_replica(node);
        node->table.move_counts(node->table.context, &past, &node->replica);
        replica_free(&past);
    }
    update_table(node);
    unlock(node);
    if (differs && !takes)
        log_warning("cluster: the engine has another cluster's secret; restart this node");
    return ENGINE_DONE;
}

static void note_connection(struct node *node) {
    const struct engine_info *info = engine_info(node->engine);
    log_info("cluster: connected to %s, %s %s", info->url, info->is_valkey ? "Valkey" : "Redis",
             info->version);
    if (info->warnings[0] != '\0')
        log_warning("cluster: engine %s: %s", info->url, info->warnings);
    lock(node);
    node->status.engine = *info;
    node->status.counts.connects++;
    unlock(node);
    note_error(node, "");
    node->reported = false;
}

/* An engine that refuses even the secret is not used: without it, this node's records would be of
 * another cluster. */
static bool join_engine(struct node *node) {
    follow_clock(node);
    const enum engine_result result = share_secret(node);
    if (result == ENGINE_FULL)
        make_room(node);
    if (result == ENGINE_DONE) {
        look_at_stream(node);
    } else {
        engine_disconnect(node->engine);
        note_error(node, engine_error(node->engine));
    }
    return engine_is_connected(node->engine);
}

static void connect_if_due(struct node *node) {
    if (engine_is_connected(node->engine) || node->now_ms < node->retry_ms)
        return;
    if (!engine_connect(node->engine)) {
        note_error(node, engine_error(node->engine));
        node->retry_ms = node->now_ms + RETRY_MS;
        return;
    }
    if (join_engine(node))
        note_connection(node);
}

/* Sending. */

static void send_again(struct node *node) {
    struct blob_cursor cursor = { 0 };
    struct blob blob;
    struct bytes entries[RESEND_COUNT];
    size_t count = 0, bytes = 0, added;
    struct stream_id last;
    /* Only this thread changes the sent entries. */
    bool more = blob_queue_next(&node->outbox.sent, &cursor, &blob);
    while (more || count > 0) {
        if (more && blob.time + SENT_KEPT_MS >= node->now_ms) {
            entries[count++] = blob.bytes;
            bytes += blob.bytes.len;
        }
        more = more && blob_queue_next(&node->outbox.sent, &cursor, &blob);
        if (count < RESEND_COUNT && bytes < RESEND_BYTES && more)
            continue;
        if (!is_done(node, engine_add(node->engine, entries, count, &added, &last)))
            return;
        count = bytes = 0;
    }
    node->must_resend = false;
    lock(node);
    node->status.counts.resends++;
    unlock(node);
}

static void write_heartbeat(const struct node *node, struct record *record,
                            uint8_t positions[static RECORD_MAX]) {
    struct writer all = writer_on(positions, RECORD_MAX);
    gaps_write(&node->gaps, &all);
    position_write(&all, &(struct position){ .node = node->options.replica.node,
                                             .incarnation = node->options.incarnation,
                                             .number = node->number });
    *record = (struct record){
        .kind = RECORD_HEARTBEAT,
        .heartbeat = {
            .joined = node->joining.joined,
            .whole = node->joining.whole,
            .empty = node->joining.empty,
            .interval_max_s = node->interval_max_s,
            .budget_per_s = node->budget_per_s,
            .name = bytes_of(node->name),
            .positions = { .data = positions, .len = all.len },
            .version = bytes_of(node->options.version),
            .announces_per_s = node->status.announces_per_s,
            .clock_offset_ms = node->status.clock_offset_ms,
        },
    };
}

static void add_heartbeat(struct node *node, struct writer *entry) {
    uint8_t positions[RECORD_MAX];
    struct record record;
    write_heartbeat(node, &record, positions);
    record_write(entry, &record);
    node->must_beat = false;
}

/* Records. With the lock. */
static size_t count_queued(const struct node *node) {
    return node->outbox.puts.count + node->outbox.other.count;
}

static void fill_flight(struct node *node) {
    struct flight *flight = &node->flight;
    lock(node);
    while (flight->count < FLIGHT_MAX && (node->must_beat || !outbox_is_empty(&node->outbox))) {
        struct writer w = writer_on(flight->data[flight->count], NODE_ENTRY_LEN);
        const size_t waiting = count_queued(node);
        entry_header_write(&w, &(struct entry_header){
                                   .node = node->options.replica.node,
                                   .incarnation = node->options.incarnation,
                                   .number = ++node->number,
                                   .site = node->options.replica.site,
                               });
        if (node->must_beat)
            add_heartbeat(node, &w);
        outbox_take(&node->outbox, &w);
        flight->records[flight->count] = waiting - count_queued(node);
        node->in_flight += flight->records[flight->count];
        flight->entries[flight->count++] = (struct bytes){ .data = w.data, .len = w.len };
    }
    unlock(node);
}

/* The first entries are in the stream. */
static void land_flight(struct node *node, size_t added) {
    struct flight *flight = &node->flight;
    lock(node);
    for (size_t i = 0; i < added; i++) {
        outbox_keep(&node->outbox, flight->entries[i], node->now_ms);
        node->status.counts.bytes_sent += flight->entries[i].len;
        node->status.counts.records_sent += flight->records[i];
        node->in_flight -= flight->records[i];
    }
    unlock(node);
    flight->count -= added;
    memmove(flight->records, flight->records + added, flight->count * sizeof *flight->records);
    for (size_t i = 0; i < flight->count; i++) {
        const struct bytes entry = flight->entries[i + added];
        memcpy(flight->data[i], entry.data, entry.len);
        flight->entries[i] = (struct bytes){ .data = flight->data[i], .len = entry.len };
    }
}

/* False if an entry waits because of a failure. */
static bool send_flight(struct node *node) {
    size_t added;
    if (node->flight.count == 0)
        return true;
    const enum engine_result result =
        engine_add(node->engine, node->flight.entries, node->flight.count, &added, &node->last);
    land_flight(node, added);
    if (is_done(node, result)) {
        note_success(node);
        return true;
    }
    if (result == ENGINE_FULL)
        make_room(node);
    return false;
}

static size_t count_waiting(struct node *node) {
    lock(node);
    const size_t waiting = count_queued(node);
    unlock(node);
    return waiting;
}

static void send_waiting(struct node *node) {
    const size_t waiting = count_waiting(node);
    const bool due = (waiting > 0 || node->must_beat) && node->now_ms >= node->send_ms;
    if (!due && waiting < RECORDS_PER_ENTRY && node->flight.count == 0)
        return;
    node->send_ms = node->now_ms + NODE_SEND_MS;
    do
        fill_flight(node);
    while (send_flight(node) && count_waiting(node) >= RECORDS_PER_ENTRY);
}

void node_note_changes(struct node *node, const struct peer_table *peers,
                       const struct change *changes, size_t count) {
    struct record records[OWN_RECORDS_MAX];
    lock(node);
    const bool was_empty = outbox_is_empty(&node->outbox);
    for (size_t i = 0; i < count; i++) {
        const size_t made = replica_note_change(&node->replica, peers, &changes[i], records);
        for (size_t n = 0; n < made; n++)
            outbox_add(&node->outbox, &records[n]);
    }
    const bool wake = was_empty && !outbox_is_empty(&node->outbox);
    unlock(node);
    if (wake)
        engine_wake(node->engine);
}

void node_send(struct node *node, const struct record *record) {
    lock(node);
    const bool was_empty = outbox_is_empty(&node->outbox);
    outbox_add(&node->outbox, record);
    unlock(node);
    if (was_empty)
        engine_wake(node->engine);
}

void node_note_lost(struct node *node, uint64_t stamp) {
    lock(node);
    outbox_note_dropped(&node->outbox, stamp);
    unlock(node);
}

/* Announces a second since the last heartbeat. */
static uint32_t measure_load(struct node *node) {
    const uint64_t since_ms = node->counted_ms;
    const uint64_t before = node->announces;
    if (node->table.count_announces == NULL)
        return 0;
    node->announces = node->table.count_announces(node->table.context);
    node->counted_ms = node->now_ms;
    if (since_ms == 0 || since_ms == node->now_ms)
        return 0;
    return (uint32_t)((node->announces - before) * 1000 / (node->now_ms - since_ms));
}

static void beat(struct node *node) {
    if (node->now_ms < node->heartbeat_ms)
        return;
    const uint32_t announces_per_s = measure_load(node);
    node->heartbeat_ms = node->now_ms + NODE_HEARTBEAT_MS;
    follow_clock(node);
    look_at_stream(node);
    trim(node, node->options.stream_bytes_max);
    lock(node);
    const uint32_t interval_s =
        members_interval_max_s(&node->members, node->interval_max_s, node->now_ms);
    replica_age(&node->replica, interval_s, cluster_ms(node));
    outbox_drop_old(&node->outbox, cluster_ms(node) - UINT64_C(1000) * peer_lifetime_s(interval_s));
    node->status.announces_per_s = announces_per_s;
    node->must_beat = true;
    unlock(node);
}

/* Walks. */

static void send_record(void *context, const struct record *record) {
    struct node *node = context;
    outbox_add(&node->outbox, record);
}

static void send_torrent(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t stamp) {
    struct node *node = context;
    if (node->walk.lasting)
        snapshot_counters(&node->replica, info_hash, stamp, send_record, node);
}

static void send_peer(void *context, const struct peer_key *key, const struct held_peer *peer) {
    struct node *node = context;
    const struct record record = {
        .kind = RECORD_PUT,
        .stamp = peer->stamp,
        .peer = *key,
        .state = peer->state,
    };
    if (node->walk.peers_from != 0 && peer->stamp >= node->walk.peers_from)
        outbox_add(&node->outbox, &record);
}

static void send_registry(void *context, const struct record *record) {
    const struct node *node = context;
    if (node->walk.lasting)
        send_record(context, record);
}

/* False at the end. */
static bool send_completion(struct node *node) {
    struct stamped_hash found;
    if (!stamp_set_next(&node->replica.completions, &node->walk.completion, &found))
        return false;
    struct record record = {
        .kind = RECORD_COMPLETION,
        .stamp = found.stamp,
        .completion.identity = found.hash,
    };
    memcpy(record.completion.info_hash, found.info_hash, INFO_HASH_LEN);
    outbox_add(&node->outbox, &record);
    return true;
}

/* A walk that is running begins again, for both. */
static void begin_walk(struct node *node, bool lasting, uint64_t peers_from) {
    const struct walk past = node->walk;
    node->walk = (struct walk){ .running = true, .lasting = lasting, .peers_from = peers_from };
    if (past.running && past.lasting)
        node->walk.lasting = true;
    if (past.running && peers_from == 0)
        node->walk.peers_from = past.peers_from;
}

static bool has_room_to_walk(const struct node *node) {
    return blob_queue_has_room(&node->outbox.puts, WALK_ROOM) &&
           blob_queue_has_room(&node->outbox.other, WALK_ROOM);
}

static void continue_walk(struct node *node) {
    const struct table_visitor visitor = {
        .context = node,
        .torrent = send_torrent,
        .peer = send_peer,
        .registry = send_registry,
    };
    lock(node);
    const uint64_t dropped = node->walk.running ? 0 : outbox_take_dropped(&node->outbox);
    if (dropped != 0)
        begin_walk(node, false, dropped);
    while (node->walk.lasting && has_room_to_walk(node) && send_completion(node))
        continue;
    for (int i = 0; i < WALK_STEPS && node->walk.running && has_room_to_walk(node); i++)
        node->walk.running = node->table.walk(node->table.context, &node->walk.cursor, &visitor);
    unlock(node);
}

/* Merging. */

static void read_positions(struct node *node, struct bytes rest) {
    struct position position;
    while (position_read(&rest, &position)) {
        if (position.node == node->options.replica.node)
            continue;
        if (node->header == NULL)
            gaps_cover(&node->gaps, &position, node->now_ms);
        else if (node->joining.joined)
            gaps_expect(&node->gaps, &position, node->now_ms);
    }
}

static void note_heartbeat(struct node *node, const struct heartbeat *heartbeat) {
    if (node->header != NULL)
        members_note(&node->members, node->header, heartbeat, node->now_ms);
    read_positions(node, heartbeat->positions);
}

static bool may_serve(const struct node *node) {
    const struct member own = {
        .node = node->options.replica.node,
        .incarnation = node->options.incarnation,
        .empty = node->joining.empty,
    };
    if (node->joining.whole || !node->joining.joined || node->header == NULL)
        return node->joining.whole;
    return members_may_serve(&node->members, node->header->node, &own, node->now_ms);
}

/* Peers are announced again, counters and the registry are not. So the nodes that are not whole
 * send theirs if another one asks: there may be no whole node. */
static void note_request(struct node *node, uint64_t request) {
    if (may_serve(node) && node->request_count < REQUESTS_MAX)
        node->requests[node->request_count++] = (struct request){ request, node->now_ms };
    if (!node->joining.whole && node->joining.joined && node->now_ms >= node->lasting_ms) {
        node->lasting_ms = node->now_ms + LASTING_MS;
        begin_walk(node, true, 0);
    }
}

/* A peer that the table has, although a snapshot brought a tombstone for it. */
static void note_removed(void *context, const struct peer_key *key, const struct held_peer *peer) {
    struct node *node = context;
    struct removing *removing = &node->removing;
    const uint64_t stamp = replica_removal(&node->replica, key);
    if (stamp >= peer->stamp && removing->count < TABLE_STEP)
        removing->found[removing->count++] =
            (struct record){ .kind = RECORD_REMOVE, .stamp = stamp, .peer = *key };
}

static void skip_torrent(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                         uint64_t stamp) {
    (void)context;
    (void)info_hash;
    (void)stamp;
}

static void skip_registry(void *context, const struct record *record) {
    (void)context;
    (void)record;
}

static void continue_removing(struct node *node) {
    const struct table_visitor visitor = {
        .context = node,
        .torrent = skip_torrent,
        .peer = note_removed,
        .registry = skip_registry,
    };
    struct removing *removing = &node->removing;
    struct record answer;
    lock(node);
    for (int i = 0; i < WALK_STEPS && removing->running; i++) {
        removing->count = 0;
        removing->running = node->table.walk(node->table.context, &removing->cursor, &visitor);
        for (size_t found = 0; found < removing->count; found++)
            (void)replica_merge(&node->replica, &node->table.peers, node->options.replica.site,
                                &removing->found[found], cluster_ms(node), &answer);
    }
    unlock(node);
}

static void merge_record(struct node *node, uint64_t site, const struct record *record) {
    struct record answer;
    node->status.counts.records_merged++;
    switch (record->kind) {
    case RECORD_HEARTBEAT:
        note_heartbeat(node, &record->heartbeat);
        break;
    case RECORD_REQUEST:
        note_request(node, record->request);
        break;
    case RECORD_REGISTRY:
        node->table.merge_registry(node->table.context, record);
        break;
    default:
        (void)replica_merge(&node->replica, &node->table.peers, site, record, cluster_ms(node),
                            &answer);
        if (answer.kind != RECORD_NONE &&
            answers_add(&node->answers, &answer, node->own_read, node->number + 1))
            outbox_add(&node->outbox, &answer);
    }
}

/* Reads the next records, at most RECORD_BATCH_MAX; returns their number. */
static size_t read_batch(struct node *node, struct bytes *rest, struct record *batch) {
    size_t count = 0;
    while (count < RECORD_BATCH_MAX) {
        const enum record_kind kind = record_read(rest, &batch[count]);
        if (kind == RECORD_NONE)
            break;
        if (kind == RECORD_UNKNOWN)
            node->status.counts.invalid++;
        else
            count++;
    }
    return count;
}

static void merge_records(struct node *node, uint64_t site, struct bytes rest) {
    const struct peer_table *peers = &node->table.peers;
    struct record batch[RECORD_BATCH_MAX];
    for (size_t count = read_batch(node, &rest, batch); count > 0;
         count = read_batch(node, &rest, batch)) {
        if (peers->prefetch != NULL)
            peers->prefetch(peers->context, batch, count);
        for (size_t i = 0; i < count; i++)
            merge_record(node, site, &batch[i]);
    }
}

/* Another node has the same id, or the same low bits of its stamps. */
static void take_new_id(struct node *node) {
    const uint64_t id = random_next(&node->random) | 1;
    log_warning("cluster: another node has this node's id: taking a new one");
    node->options.replica.node = node->options.replica.counting = id;
    node->replica.options.node = node->replica.options.counting = id;
    node->number = node->own_read = 0;
    answers_clear(&node->answers);
    update_table(node);
}

static bool is_own(struct node *node, const struct entry_header *header) {
    const enum entry_origin origin =
        entry_origin(header, node->options.replica.node, node->options.incarnation);
    if (origin == ENTRY_OF_COPY)
        take_new_id(node);
    if (origin == ENTRY_OWN && header->number > node->own_read)
        node->own_read = header->number;
    return origin == ENTRY_OWN;
}

static void read_entry(void *context, struct bytes rest) {
    struct node *node = context;
    struct entry_header header;
    node->read_count++;
    node->read_bytes += rest.len;
    lock(node);
    node->status.counts.bytes_read += rest.len;
    if (!entry_header_read(&rest, &header)) {
        node->status.counts.invalid++;
    } else if (!is_own(node, &header)) {
        gaps_note(&node->gaps, &header, !node->joining.joined, node->now_ms);
        node->header = &header;
        merge_records(node, header.site, rest);
        node->header = NULL;
    }
    unlock(node);
}

/* Entries are small if few changes are made, and there may be many, as after a failover. */
static void set_read_max(struct node *node) {
    if (node->read_count == 0)
        return;
    const size_t count = READ_BYTES / (node->read_bytes / node->read_count + 1);
    node->read_max = count < READ_COUNT_MAX ? (uint32_t)count : READ_COUNT_MAX;
}

/* A reply tells what the stream had when the read was sent: the process may have paused since. If
 * the position has been moved back since, what the reply brings is read again. */
static void read_stream(struct node *node, uint32_t wait_ms) {
    if (!engine_is_reading(node->engine)) {
        node->asked_ms = node->now_ms;
        node->asked = node->position;
    }
    struct stream_id position = node->asked;
    node->read_count = node->read_bytes = 0;
    if (!is_done(node,
                 engine_read(node->engine, &position, node->read_max, wait_ms, read_entry, node))) {
        node->read_retry_ms = node->retry_ms;
        return;
    }
    if (stream_id_equal(node->position, node->asked))
        node->position = position;
    if (engine_is_reading(node->engine))
        return;
    node->read_retry_ms = 0;
    node->read_ms = node->asked_ms;
    if (node->read_count < node->read_max)
        node->at_end_ms = node->asked_ms;
    set_read_max(node);
}

/* Snapshots. */

/* A node that is alone need not send the counts: the next node gets a snapshot. */
static void adopt_counts(struct node *node, bool confirmed) {
    if (node->has_adopted)
        return;
    node->has_adopted = true;
    if (node->table.adopt_counts(node->table.context, &node->replica, confirmed) &&
        node->members.count > 0)
        begin_walk(node, true, 0);
}

static void end_snapshot(struct node *node, enum joining_chunk chunk) {
    node->removing = (struct removing){ .running = true };
    replica_join(&node->replica);
    if (chunk == CHUNK_FIRST_SNAPSHOT)
        node->table.end_join(node->table.context, true);
    adopt_counts(node, true);
    node->status.counts.snapshots_received++;
    log_info("cluster: received a snapshot%s",
             node->joining.whole ? "; this node is whole" : ", but changes are missing again");
}

/* The others must know before they read the next request. */
static void end_partial(struct node *node) {
    node->must_beat = true;
    node->status.counts.snapshots_received++;
    log_info("cluster: received the peers of a node that is not whole");
}

static void read_chunk(void *context, struct bytes rest) {
    struct node *node = context;
    struct chunk_header header;
    node->moved_chunk = true;
    lock(node);
    node->status.counts.bytes_read += rest.len;
    if (!chunk_header_read(&rest, &header)) {
        node->status.counts.invalid++;
    } else {
        const enum joining_chunk chunk = joining_note_chunk(&node->joining, &header, node->now_ms);
        if (chunk != CHUNK_IGNORED)
            merge_records(node, header.site, rest);
        if (chunk == CHUNK_PARTIAL)
            end_partial(node);
        if (chunk == CHUNK_FIRST_SNAPSHOT || chunk == CHUNK_LAST)
            end_snapshot(node, chunk);
    }
    unlock(node);
}

static void read_snapshot(struct node *node) {
    const bool behind = node->table.is_behind != NULL && node->table.is_behind(node->table.context);
    if (node->joining.request != 0 && !behind)
        (void)is_done(node,
                      engine_take_chunk(node->engine, node->joining.request, read_chunk, node));
}

/* The node has read all entries since its first connect, so also those after the request. */
static void request_snapshot(struct node *node) {
    lock(node);
    outbox_add(&node->outbox, &(struct record){
                                  .kind = RECORD_REQUEST,
                                  .request = node->joining.request,
                              });
    node->status.counts.snapshots_requested++;
    unlock(node);
}

static enum joining_step next_joining_step(struct node *node) {
    lock(node);
    if (gaps_take_hole(&node->gaps, node->now_ms)) {
        node->status.counts.holes++;
        joining_lost(&node->joining);
    }
    if (outbox_take_lost(&node->outbox))
        node->joining.told = false;
    const bool has_room = node->table.has_room(node->table.context);
    if (has_room != node->joining.has_room)
        joining_set_room(&node->joining, has_room);
    node->joining.read_ms = node->at_end_ms;
    const enum joining_step step = joining_tick(
        &node->joining, engine_is_connected(node->engine), random_next(&node->random) | 1,
        members_interval_max_s(&node->members, node->interval_max_s, node->now_ms), node->now_ms);
    if (step == JOINING_GAVE_UP)
        node->table.end_join(node->table.context, false);
    if (step == JOINING_WHOLE)
        adopt_counts(node, false);
    if (step == JOINING_TELL)
        begin_walk(node, true, 0);
    unlock(node);
    return step;
}

static void tick_joining(struct node *node) {
    switch (next_joining_step(node)) {
    case JOINING_REQUEST:
        request_snapshot(node);
        break;
    case JOINING_GAVE_UP:
        log_info("cluster: no snapshot available; this node has joined without one");
        break;
    case JOINING_WHOLE:
        log_info("cluster: every client has announced again; this node is whole");
        break;
    case JOINING_TELL:
    case JOINING_WAIT:
        break;
    }
}

static void begin_source(struct node *node) {
    bool claimed;
    const struct request request = node->requests[0];
    node->request_count--;
    memmove(node->requests, node->requests + 1, node->request_count * sizeof *node->requests);
    if (node->now_ms >= request.read_ms + SOURCE_PATIENCE_MS ||
        !is_done(node, engine_claim_snapshot(node->engine, request.id, &claimed)) || !claimed)
        return;
    node->chunk = malloc(SNAPSHOT_BUFFER_LEN);
    if (node->chunk == NULL)
        return;
    node->chunk_len = 0;
    node->chunk_request = request.id;
    node->chunk_ms = node->now_ms;
    lock(node);
    node->source = (struct snapshot_source){
        .request = request.id,
        .node = node->options.replica.node,
        .site = node->options.replica.site,
        .whole = node->joining.whole,
        .partial = !node->joining.whole,
    };
    unlock(node);
}

static void end_source(struct node *node) {
    lock(node);
    node->source.request = 0;
    unlock(node);
    free(node->chunk);
    node->chunk = NULL;
}

static void write_chunk(struct node *node) {
    uint8_t positions[RECORD_MAX];
    struct record heartbeat;
    struct writer w = writer_on(node->chunk, SNAPSHOT_BUFFER_LEN);
    lock(node);
    node->source.whole = node->source.whole && node->joining.whole;
    write_heartbeat(node, &heartbeat, positions);
    snapshot_source_write(&node->source, &node->replica, &node->table, &heartbeat, &w);
    node->status.counts.bytes_sent += w.len;
    unlock(node);
    node->chunk_len = w.len;
}

static void note_sent_chunk(struct node *node) {
    const bool last = node->source.request == 0;
    node->chunk_len = 0;
    node->chunk_ms = node->now_ms;
    node->moved_chunk = true;
    if (!last)
        return;
    lock(node);
    node->status.counts.snapshots_sent++;
    unlock(node);
    end_source(node);
}

static bool is_source_late(const struct node *node) {
    return node->now_ms >= node->chunk_ms + SOURCE_PATIENCE_MS;
}

/* A full engine gets room when the other node takes the `waiting` chunks. If there are none, the
 * stream is trimmed, unless it is too small to be what fills the engine. */
static void send_chunk(struct node *node, uint32_t waiting) {
    if (node->chunk_len == 0)
        write_chunk(node);
    const struct bytes chunk = { .data = node->chunk, .len = node->chunk_len };
    const enum engine_result result = engine_push_chunk(node->engine, node->chunk_request, chunk);
    if (is_done(node, result))
        note_sent_chunk(node);
    else if (result != ENGINE_FULL || is_source_late(node))
        end_source(node);
    else if (waiting == 0 && node->status.stream_bytes > chunk.len)
        make_room(node);
}

static void serve_snapshot(struct node *node) {
    uint32_t waiting;
    if (node->chunk == NULL && node->request_count > 0)
        begin_source(node);
    if (node->chunk == NULL ||
        !is_done(node, engine_count_chunks(node->engine, node->chunk_request, &waiting)))
        return;
    if (waiting < CHUNKS_MAX)
        send_chunk(node, waiting);
    else if (is_source_late(node))
        end_source(node);
}

/* One step. */

/* Whether there is more to do at once. */
static bool is_busy(const struct node *node) {
    return node->moved_chunk ||
           (node->now_ms >= node->retry_ms && (node->walk.running || node->removing.running ||
                                               node->must_resend || node->flight.count > 0));
}

static uint32_t wait_until(const struct node *node, uint64_t then_ms, uint32_t wait_ms) {
    if (then_ms <= node->now_ms)
        return 0;
    return then_ms - node->now_ms < wait_ms ? (uint32_t)(then_ms - node->now_ms) : wait_ms;
}

/* How long a read may wait for entries. New records wake it, other tasks do not. */
static uint32_t reading_time(struct node *node, uint32_t wait_ms) {
    const bool snapshot =
        node->joining.request != 0 || node->source.request != 0 || node->request_count > 0;
    if (is_busy(node))
        return 0;
    if (node->now_ms < node->retry_ms)
        return wait_until(node, node->retry_ms, wait_ms);
    if (count_waiting(node) > 0)
        wait_ms = wait_until(node, node->send_ms, wait_ms);
    if (snapshot && wait_ms > NODE_SEND_MS)
        return NODE_SEND_MS;
    return wait_until(node, node->heartbeat_ms, wait_ms);
}

static void read_all(struct node *node, uint32_t wait_ms) {
    wait_ms = wait_ms == 0 ? 0 : reading_time(node, wait_ms);
    node->moved_chunk = false;
    read_stream(node, wait_ms);
    read_snapshot(node);
}

static void send_all(struct node *node) {
    if (node->must_resend)
        send_again(node);
    beat(node);
    send_waiting(node);
    continue_walk(node);
    continue_removing(node);
    serve_snapshot(node);
}

/* After a pause, the stream is read before peers expire. */
static void note_progress(struct node *node) {
    const bool reads = engine_is_connected(node->engine) && node->read_retry_ms == 0;
    const bool away = !reads && node->now_ms >= node->read_ms + AWAY_MS;
    const uint64_t merged_ms = away ? node->now_ms : node->at_end_ms;
    if (merged_ms > node->merged_ms && node->now_ms >= node->hold_until_ms)
        node->merged_ms = merged_ms;
    if (node->now_ms < node->update_ms)
        return;
    lock(node);
    update_table(node);
    unlock(node);
}

void node_stop(struct node *node) {
    engine_stop(node->engine);
}

static bool may_read(const struct node *node) {
    return engine_is_connected(node->engine) && node->now_ms >= node->read_retry_ms;
}

bool node_step(struct node *node, uint64_t now_ms, uint32_t wait_ms) {
    lock(node);
    node->now_ms = now_ms;
    unlock(node);
    node->began_ns = clock_now_ns();
    connect_if_due(node);
    if (may_read(node))
        read_all(node, wait_ms);
    tick_joining(node);
    if (engine_is_connected(node->engine) && now_ms >= node->retry_ms)
        send_all(node);
    note_progress(node);
    return may_read(node);
}

void node_set_load(struct node *node, uint32_t interval_max_s, uint32_t budget_per_s) {
    lock(node);
    node->interval_max_s = interval_max_s;
    node->budget_per_s = budget_per_s;
    unlock(node);
}

void node_visit_replica(struct node *node, void (*visit)(void *context, struct replica *replica),
                        void *context) {
    lock(node);
    visit(context, &node->replica);
    unlock(node);
}

uint64_t node_id(struct node *node) {
    lock(node);
    const uint64_t id = node->options.replica.node;
    unlock(node);
    return id;
}

struct hash_key node_secret(struct node *node) {
    lock(node);
    const struct hash_key secret = node->options.replica.secret;
    unlock(node);
    return secret;
}

struct node_status node_status(struct node *node) {
    lock(node);
    struct node_status status = node->status;
    status.node = node->options.replica.node;
    status.incarnation = node->options.incarnation;
    status.joined = node->joining.joined;
    status.whole = node->joining.whole;
    status.has_room = node->joining.has_room;
    status.receiving = node->joining.request != 0;
    status.sending = node->source.request != 0;
    status.waiting = count_queued(node) + node->in_flight;
    status.lost = node->outbox.lost;
    status.members = node->members;
    unlock(node);
    return status;
}
