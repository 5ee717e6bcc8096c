#include "cluster/snapshot_source.h"

struct chunk {
    struct snapshot_source *source;
    const struct replica *replica;
    struct writer *writer;
};

/* A record that does not fit is missing in the snapshot. */
static void write_record(void *context, const struct record *record) {
    struct chunk *chunk = context;
    const struct writer before = *chunk->writer;
    record_write(chunk->writer, record);
    if (!chunk->writer->failed)
        return;
    *chunk->writer = before;
    chunk->source->whole = false;
}

void snapshot_counters(const struct replica *replica, const uint8_t info_hash[static INFO_HASH_LEN],
                       uint64_t stamp, void (*emit)(void *context, const struct record *record),
                       void *context) {
    struct record record = { .kind = RECORD_COUNTER, .stamp = stamp };
    memcpy(record.counter.info_hash, info_hash, INFO_HASH_LEN);
    const uint64_t torrent = replica_hash_torrent(replica, info_hash);
    uint32_t cursor = 0;
    for (const struct counter_slot *slot = counter_table_next(&replica->counters, torrent, &cursor);
         slot != NULL; slot = counter_table_next(&replica->counters, torrent, &cursor)) {
        record.count.node = slot->node;
        record.count.counted = slot->pair.counted;
        record.count.taken_back = slot->pair.taken_back;
        emit(context, &record);
    }
}

static void note_missing(void *context) {
    const struct chunk *chunk = context;
    chunk->source->whole = false;
}

static void write_torrent(void *context, const uint8_t info_hash[static INFO_HASH_LEN],
                          uint64_t stamp) {
    const struct chunk *chunk = context;
    snapshot_counters(chunk->replica, info_hash, stamp, write_record, context);
}

static void write_peer(void *context, const struct peer_key *key, const struct held_peer *peer) {
    const struct record record = {
        .kind = RECORD_PUT,
        .stamp = peer->stamp,
        .peer = *key,
        .state = peer->state,
    };
    write_record(context, &record);
}

static bool is_full(const struct writer *chunk) {
    return chunk->len >= SNAPSHOT_CHUNK_LEN;
}

static void begin_part(struct snapshot_source *source, enum source_part part) {
    source->part = part;
    source->hash = (struct stamp_cursor){ 0 };
}

/* Writes more hashes of a set; true at its end. */
static bool write_hashes(struct chunk *chunk, const struct stamp_set *set) {
    struct stamped_hash found;
    while (!is_full(chunk->writer)) {
        if (!stamp_set_next(set, &chunk->source->hash, &found))
            return true;
        struct record record = {
            .kind = RECORD_TOMBSTONE,
            .stamp = found.stamp,
            .hash = found.hash,
        };
        if (set->has_info_hashes)
            replica_write_completion(&record, &found);
        write_record(chunk, &record);
    }
    return false;
}

static bool write_table(struct chunk *chunk, const struct node_table *table) {
    const struct table_visitor visitor = {
        .context = chunk,
        .torrent = write_torrent,
        .peer = write_peer,
        .registry = write_record,
        .missing = note_missing,
        .restored = chunk->source->partial,
    };
    while (!is_full(chunk->writer)) {
        if (!table->walk(table->context, &chunk->source->table, &visitor))
            return true;
    }
    return false;
}

static void write_parts(struct chunk *chunk, const struct node_table *table) {
    struct snapshot_source *source = chunk->source;
    if (source->part == SOURCE_TOMBSTONES && write_hashes(chunk, &chunk->replica->tombstones))
        begin_part(source, SOURCE_COMPLETIONS);
    if (source->part == SOURCE_COMPLETIONS && write_hashes(chunk, &chunk->replica->completions))
        begin_part(source, SOURCE_TABLE);
    if (source->part == SOURCE_TABLE && write_table(chunk, table))
        begin_part(source, SOURCE_END);
}

static struct chunk_header header_of(const struct snapshot_source *source) {
    return (struct chunk_header){
        .request = source->request,
        .node = source->node,
        .site = source->site,
        .index = source->next_chunk,
        .whole = source->whole,
        .last = source->part == SOURCE_END,
    };
}

/* The header is known last: it has the same length, whatever its flags are. */
void snapshot_source_write(struct snapshot_source *source, const struct replica *replica,
                           const struct node_table *table, const struct record *heartbeat,
                           struct writer *writer) {
    struct chunk chunk = { .source = source, .replica = replica, .writer = writer };
    const struct chunk_header draft = header_of(source);
    chunk_header_write(writer, &draft);
    if (source->next_chunk == 0)
        write_record(&chunk, heartbeat);
    write_parts(&chunk, table);
    struct writer again = writer_on(writer->data, writer->capacity);
    const struct chunk_header header = header_of(source);
    chunk_header_write(&again, &header);
    source->next_chunk++;
    if (header.last)
        source->request = 0;
}
