#include "dht/dht_search.h"

enum {
    START_NODES = 16,    /* of our table */
    PEERS_AT_ONCE = 100, /* of a reply; the rest is ignored */
};

static void add_bootstrap(struct dht_node *node, struct lookup *lookup) {
    for (uint32_t i = 0; i < node->bootstrap_count; i++) {
        if (node->bootstrap[i].family == lookup->family)
            lookup_add_unknown(lookup, &node->bootstrap[i]);
    }
}

bool dht_search_start(struct dht_node *node, struct search *search, uint8_t family,
                      const uint8_t target[static NODE_ID_LEN], uint64_t now_ms) {
    struct node_contact closest[START_NODES];
    const struct dht_side *side = dht_side_of(node, family);
    if (side == NULL)
        return false;
    struct lookup *lookup = &search->lookup;
    const size_t count = routing_table_closest(&side->table, target, NULL, closest, START_NODES);
    if (++node->search_number == 0)
        node->search_number++;
    lookup_init(lookup, node->search_number, family, target, now_ms);
    for (size_t i = 0; i < count; i++)
        lookup_add(lookup, &closest[i], 0);
    if (count < LOOKUP_CLOSEST)
        add_bootstrap(node, lookup);
    if (lookup->count == 0)
        lookup->number = 0;
    node->searches_running += lookup->number != 0;
    return lookup->number != 0;
}

/* NULL: it has ended, or the query was a ping. */
static struct search *find_search(struct dht_node *node, uint32_t lookup) {
    if (lookup == 0)
        return NULL;
    for (size_t i = 0; i < SEARCHES; i++) {
        if (node->searches[i].lookup.number == lookup)
            return &node->searches[i];
    }
    return NULL;
}

static void report_peers(struct search *search, struct bytes values, const struct endpoint *from) {
    struct endpoint peers[PEERS_AT_ONCE];
    size_t count = 0;
    while (count < PEERS_AT_ONCE && krpc_take_value(&values, &peers[count]))
        count += node_id_reachable(&peers[count], from);
    search->peers += (uint32_t)count;
    if (count > 0 && search->found != NULL)
        search->found(search->context, peers, count);
}

/* Takes the next node that can be used, from a list that `from` has given. */
static bool take_node(const struct dht_side *side, struct bytes *nodes, const struct endpoint *from,
                      struct node_contact *contact) {
    while (krpc_take_node(nodes, side->table.family, contact)) {
        if (node_id_reachable(&contact->endpoint, from) &&
            node_id_valid(contact->id, &contact->endpoint) &&
            memcmp(contact->id, side->table.id, NODE_ID_LEN) != 0)
            return true;
    }
    return false;
}

static struct bytes nodes_of(const struct krpc_message *reply, uint8_t family) {
    return family == FAMILY_V6 ? reply->nodes6 : reply->nodes;
}

static void add_candidates(const struct dht_side *side, struct lookup *lookup, struct bytes nodes,
                           const struct endpoint *from, uint8_t source) {
    struct node_contact contact;
    for (size_t i = 0; i < KRPC_NODES_MAX && take_node(side, &nodes, from, &contact); i++)
        lookup_add(lookup, &contact, source);
}

/* The other family's side, if its table has few nodes. NULL: no. */
static struct dht_side *poor_side(struct dht_node *node, uint8_t family, uint64_t now_ms) {
    struct dht_side *side = dht_side_of(node, family == FAMILY_V6 ? FAMILY_V4 : FAMILY_V6);
    if (side == NULL || routing_table_good(&side->table, dht_seconds(now_ms)) >= BUCKET_LEN)
        return NULL;
    return side;
}

/* Keeps nodes of the other family, which an upkeep search has asked for (BEP 32). They are pinged
 * later: nothing is sent in answer to a reply. */
static void note_nodes(struct dht_side *side, const struct krpc_message *reply,
                       const struct endpoint *from) {
    struct bytes nodes = nodes_of(reply, side->table.family);
    struct node_contact contact;
    while (side->told_count < KRPC_NODES_MAX && take_node(side, &nodes, from, &contact))
        side->told[side->told_count++] = contact.endpoint;
}

void dht_search_replied(struct dht_node *node, uint32_t lookup, const struct krpc_message *reply,
                        const struct node_contact *from, uint64_t now_ms) {
    struct search *search = find_search(node, lookup);
    if (search == NULL)
        return;
    const uint8_t family = search->lookup.family;
    const uint8_t source = lookup_replied(&search->lookup, from);
    add_candidates(dht_side_of(node, family), &search->lookup, nodes_of(reply, family),
                   &from->endpoint, source);
    if (search->group != 0) {
        report_peers(search, reply->values, &from->endpoint);
        return;
    }
    struct dht_side *other = poor_side(node, family, now_ms);
    if (other != NULL)
        note_nodes(other, reply, &from->endpoint);
}

void dht_search_failed(struct dht_node *node, uint32_t lookup, const struct endpoint *endpoint) {
    struct search *search = find_search(node, lookup);
    if (search != NULL)
        lookup_failed(&search->lookup, endpoint);
}

static void ask(struct dht_node *node, const struct search *search, const struct endpoint *to,
                uint64_t now_ms) {
    struct krpc_message query = {
        .method = search->group != 0 ? KRPC_GET_PEERS : KRPC_FIND_NODE,
    };
    if (search->group == 0 && poor_side(node, search->lookup.family, now_ms) != NULL)
        query.want = KRPC_WANT_V4 | KRPC_WANT_V6;
    memcpy(query.target, search->lookup.target, NODE_ID_LEN);
    if (!dht_send_query(node, to, &query, search->lookup.number, now_ms))
        dht_search_failed(node, search->lookup.number, to);
}

static bool group_runs(const struct dht_node *node, uint32_t group) {
    for (size_t i = 0; i < SEARCHES; i++) {
        if (node->searches[i].lookup.number != 0 && node->searches[i].group == group)
            return true;
    }
    return false;
}

static void stop_search(struct dht_node *node, struct search *search) {
    search->lookup.number = 0;
    node->searches_running--;
    if (search->group == 0)
        return;
    node->statistics.lookups_ended++;
    node->statistics.lookups_with_peers += search->peers > 0;
}

static void end_search(struct dht_node *node, struct search *search) {
    stop_search(node, search);
    if (search->group != 0 && !group_runs(node, search->group) && search->found != NULL)
        search->found(search->context, NULL, 0);
}

uint64_t dht_search_proceed(struct dht_node *node, uint64_t now_ms) {
    uint64_t due_ms = UINT64_MAX;
    if (node->searches_running == 0)
        return due_ms;
    for (struct search *search = node->searches; search < node->searches + SEARCHES; search++) {
        if (search->lookup.number == 0)
            continue;
        const struct candidate *next = NULL;
        while ((next = lookup_next(&search->lookup, now_ms)) != NULL) {
            const struct endpoint to = next->contact.endpoint;
            ask(node, search, &to, now_ms);
        }
        if (lookup_is_over(&search->lookup, now_ms)) {
            end_search(node, search);
            continue;
        }
        const uint64_t search_due_ms = lookup_due_ms(&search->lookup);
        due_ms = search_due_ms < due_ms ? search_due_ms : due_ms;
    }
    return due_ms;
}

void dht_search_cancel(struct dht_node *node, uint32_t group) {
    for (size_t i = 0; i < SEARCHES; i++) {
        struct search *search = &node->searches[i];
        if (search->lookup.number != 0 && search->group == group)
            stop_search(node, search);
    }
}
