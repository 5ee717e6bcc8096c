#include "cluster/registry_sharing.h"

#include "base/log.h"
#include "swarm/stamp.h"

enum { STORE_IDENTITY_S = 3600 };

/* Adoption. */

/* Adopts the next part; true at the end. The writer takes one part after the other, so that no
 * more than one is in memory twice. */
static bool adopt_part(struct registry_sharing *sharing, enum registry_adoption adoption) {
    bool any = false;
    while (!any && sharing->kind < REGISTRY_STORED_KINDS) {
        if (registry_queued(sharing->registry) != NULL ||
            !registry_adopt(sharing->registry, (enum registry_kind)sharing->kind, sharing->part,
                            adoption, &any))
            return false;
        if (++sharing->part < REGISTRY_PARTS)
            continue;
        sharing->part = 0;
        sharing->kind++;
    }
    return sharing->kind == REGISTRY_STORED_KINDS;
}

static void enter(struct registry_sharing *sharing, enum sharing_stage stage) {
    sharing->stage = stage;
    sharing->kind = 0;
    sharing->part = 0;
    sharing->cursor = (struct registry_cursor){ 0 };
}

static bool was_away(const struct registry_sharing *sharing, const struct sharing_facts *facts) {
    return sharing->seen_s != 0 && facts->now_s - sharing->seen_s > REGISTRY_AWAY_MAX_S;
}

/* The node has taken another secret after it had connected. By now it may have entries of the
 * cluster, so that no marks are forgotten. */
static void note_foreign(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    if (!facts->node.foreign || sharing->foreign || sharing->has_joined ||
        (sharing->stage != SHARING_RESTRICTS && sharing->stage != SHARING_JOINS))
        return;
    sharing->foreign = true;
    registry_set_adopts(sharing->registry, false);
}

static void note_connection(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    if (!facts->node.connected)
        return;
    sharing->connected_ms = facts->now_ms;
    sharing->foreign = facts->node.foreign;
    if (sharing->foreign)
        registry_forget_marks(sharing->registry);
    registry_set_adopts(sharing->registry, !sharing->foreign && !was_away(sharing, facts));
    sharing->loads = registry_loads(sharing->registry);
    enter(sharing, SHARING_RESTRICTS);
}

/* Without a whole node, the others send what they have when this one requests it. */
static bool has_joined(const struct registry_sharing *sharing, const struct sharing_facts *facts) {
    if (facts->node.unsure && (facts->confirmed || facts->node.has_others))
        return false;
    return facts->joined &&
           (facts->confirmed || facts->now_ms >= sharing->connected_ms + sharing->wait_ms);
}

/* If no other node answers, the registry of this one is the only one. */
static enum registry_adoption adoption_of(const struct registry_sharing *sharing,
                                          const struct sharing_facts *facts) {
    const bool aside = sharing->foreign || (facts->confirmed && was_away(sharing, facts));
    return aside ? SET_ASIDE : ADOPT_ALL;
}

static void report_aside(const struct registry_sharing *sharing) {
    const size_t torrents = registry_count_aside(sharing->registry, REGISTRY_TORRENT);
    const size_t passkeys = registry_count_aside(sharing->registry, REGISTRY_PASSKEY);
    const size_t names = registry_count_aside(sharing->registry, REGISTRY_MACHINE);
    if (torrents + passkeys + names > 0)
        log_warning(
            "cluster: set aside %zu torrents, %zu passkeys and %zu machine names of the database "
            "that the cluster does not have: they have no effect; add them with `skepctl cluster "
            "import`",
            torrents, passkeys, names);
}

static void adopt(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    const enum registry_adoption adoption = adoption_of(sharing, facts);
    if (!adopt_part(sharing, adoption))
        return;
    report_aside(sharing);
    sharing->has_joined = true;
    enter(sharing, SHARING_SENDS);
}

static void send_unconfirmed(void *context, const struct registry_row *row,
                             const struct registry_mark *mark, bool confirmed) {
    const struct registry_sharing *sharing = context;
    struct registry_record_bytes bytes;
    if (confirmed || mark->stamp == 0 || mark->aside)
        return;
    const struct record record = registry_record_make(row, mark, sharing->node_id, &bytes);
    node_send(sharing->node, &record);
}

static void store_identity(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    const struct registry_identity identity = {
        .known = true,
        .secret = { facts->node.secret.half[0], facts->node.secret.half[1] },
        .seen_s = facts->now_s,
    };
    sharing->stored_s = facts->now_s;
    registry_set_identity(sharing->registry, &identity);
    registry_touch(sharing->registry);
}

static void run(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    const uint64_t away_ms = UINT64_C(1000) * REGISTRY_AWAY_MAX_S;
    const uint64_t cluster_ms = cluster_clock_read(&facts->node.clock, facts->now_ms);
    if (registry_loads(sharing->registry) != sharing->loads) {
        sharing->foreign = false;
        sharing->seen_s = 0;
        registry_set_adopts(sharing->registry, true);
        sharing->loads = registry_loads(sharing->registry);
        enter(sharing, SHARING_RESTRICTS);
    } else if (facts->node.connected && facts->now_s >= sharing->stored_s + STORE_IDENTITY_S) {
        registry_forget_removed(sharing->registry, stamp_at(cluster_ms - away_ms, 0));
        store_identity(sharing, facts);
    }
}

void registry_sharing_step(struct registry_sharing *sharing, const struct sharing_facts *facts) {
    sharing->node_id = facts->node.node;
    note_foreign(sharing, facts);
    switch (sharing->stage) {
    case SHARING_CONNECTS:
        note_connection(sharing, facts);
        break;
    case SHARING_RESTRICTS:
        if (adopt_part(sharing, ADOPT_RESTRICTIONS) && registry_adopt_removals(sharing->registry))
            enter(sharing, SHARING_JOINS);
        break;
    case SHARING_JOINS:
        if (has_joined(sharing, facts))
            enter(sharing, SHARING_ADOPTS);
        break;
    case SHARING_ADOPTS:
        adopt(sharing, facts);
        break;
    case SHARING_SENDS:
        if (registry_visit_marks(sharing->registry, &sharing->cursor, TABLE_STEP, send_unconfirmed,
                                 sharing))
            break;
        enter(sharing, SHARING_RUNS);
        sharing->stored_s = 0;
        break;
    case SHARING_RUNS:
        run(sharing, facts);
        break;
    }
}

/* Records. */

void registry_sharing_merge(struct registry_sharing *sharing, const struct record *record) {
    struct registry_row row;
    struct registry_mark mark;
    if (registry_record_read(record, sharing->node_id, &row, &mark))
        (void)registry_merge(sharing->registry, &row, &mark);
}

struct mark_walk {
    const struct registry_sharing *sharing;
    const struct table_visitor *visitor;
};

static void pass_mark(void *context, const struct registry_row *row,
                      const struct registry_mark *mark, bool confirmed) {
    const struct mark_walk *walk = context;
    struct registry_record_bytes bytes;
    /* Entries of the database may yet be set aside. */
    const bool undecided = !confirmed && walk->sharing->stage < SHARING_SENDS;
    if (mark->stamp == 0 || mark->aside || undecided)
        return;
    const struct record record = registry_record_make(row, mark, walk->sharing->node_id, &bytes);
    walk->visitor->registry(walk->visitor->context, &record);
}

bool registry_sharing_walk(struct registry_sharing *sharing, uint64_t *cursor,
                           const struct table_visitor *visitor) {
    struct mark_walk walk = { .sharing = sharing, .visitor = visitor };
    struct registry_cursor at = {
        .position = (uint32_t)*cursor,
        .version = (uint32_t)(*cursor >> 32),
    };
    const bool more = registry_visit_marks(sharing->registry, &at, TABLE_STEP, pass_mark, &walk);
    *cursor = (uint64_t)at.version << 32 | at.position;
    return more;
}

void registry_sharing_follow(void *context, const struct registry_change *changes, size_t count) {
    const struct registry_sharing *sharing = context;
    struct registry_record_bytes bytes;
    for (size_t i = 0; i < count; i++) {
        const struct registry_change *change = &changes[i];
        if (change->merged || change->mark.stamp == 0)
            continue;
        const struct record record =
            registry_record_make(&change->row, &change->mark, node_id(sharing->node), &bytes);
        node_send(sharing->node, &record);
    }
}
