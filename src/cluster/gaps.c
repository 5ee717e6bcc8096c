#include "cluster/gaps.h"

enum { WINDOW = 64 };

static struct gap_node *find_node(struct gaps *gaps, uint64_t node) {
    for (size_t i = 0; i < gaps->count; i++) {
        if (gaps->nodes[i].node == node)
            return &gaps->nodes[i];
    }
    return NULL;
}

/* A place for one more node. At the limit, the node with the longest silence loses its place. */
static struct gap_node *new_place(struct gaps *gaps) {
    if (gaps->count < NODES_MAX)
        return &gaps->nodes[gaps->count++];
    struct gap_node *oldest = &gaps->nodes[0];
    for (size_t i = 1; i < gaps->count; i++) {
        if (gaps->nodes[i].heard_ms < oldest->heard_ms)
            oldest = &gaps->nodes[i];
    }
    return oldest;
}

/* The node with its present incarnation, known or not; NULL: this incarnation has ended. The time
 * of its start comes first in an incarnation, so a later one is greater. */
static struct gap_node *present_node(struct gaps *gaps, uint64_t node, uint64_t incarnation,
                                     uint64_t through, uint64_t now_ms) {
    struct gap_node *known = find_node(gaps, node);
    if (known != NULL && incarnation < known->incarnation)
        return NULL;
    if (known == NULL || incarnation > known->incarnation) {
        gaps->hole = gaps->hole || (known != NULL && known->since_ms != 0);
        if (known == NULL)
            known = new_place(gaps);
        *known = (struct gap_node){
            .node = node,
            .incarnation = incarnation,
            .through = through,
            .highest = through,
        };
    }
    known->heard_ms = now_ms;
    return known;
}

/* Moves `through` over what has been read after it. */
static void advance(struct gap_node *node) {
    node->through++;
    while (node->after & 1) {
        node->after >>= 1;
        node->through++;
    }
    node->after >>= 1;
}

static void update_since(struct gap_node *node, uint64_t now_ms) {
    if (node->through >= node->highest)
        node->since_ms = 0;
    else if (node->since_ms == 0)
        node->since_ms = now_ms;
}

static void expect(struct gap_node *node, uint64_t number, uint64_t now_ms) {
    if (number > node->highest)
        node->highest = number;
    update_since(node, now_ms);
}

void gaps_note(struct gaps *gaps, const struct entry_header *entry, bool first_is_known,
               uint64_t now_ms) {
    if (entry->number == 0)
        return;
    struct gap_node *node = present_node(gaps, entry->node, entry->incarnation,
                                         first_is_known ? entry->number - 1 : 0, now_ms);
    if (node == NULL || entry->number <= node->through)
        return;
    const uint64_t ahead = entry->number - node->through - 1;
    if (ahead == 0)
        advance(node);
    else if (ahead <= WINDOW)
        node->after |= UINT64_C(1) << (ahead - 1);
    expect(node, entry->number, now_ms);
}

void gaps_expect(struct gaps *gaps, const struct position *position, uint64_t now_ms) {
    struct gap_node *node = present_node(gaps, position->node, position->incarnation, 0, now_ms);
    if (node != NULL)
        expect(node, position->number, now_ms);
}

/* Skips all up to a number. */
static void cover(struct gap_node *node, uint64_t number, uint64_t now_ms) {
    while (node->through < number && node->after != 0)
        advance(node);
    if (node->through < number)
        node->through = number;
    expect(node, node->through, now_ms);
}

void gaps_cover(struct gaps *gaps, const struct position *position, uint64_t now_ms) {
    struct gap_node *node =
        present_node(gaps, position->node, position->incarnation, position->number, now_ms);
    if (node != NULL)
        cover(node, position->number, now_ms);
}

bool gaps_take_hole(struct gaps *gaps, uint64_t now_ms) {
    bool hole = gaps->hole;
    gaps->hole = false;
    for (size_t i = 0; i < gaps->count; i++) {
        struct gap_node *node = &gaps->nodes[i];
        if (node->since_ms == 0 || now_ms < node->since_ms + GAP_PATIENCE_MS)
            continue;
        cover(node, node->highest, now_ms);
        hole = true;
    }
    return hole;
}

void gaps_write(const struct gaps *gaps, struct writer *w) {
    for (size_t i = 0; i < gaps->count; i++) {
        const struct gap_node *node = &gaps->nodes[i];
        position_write(w, &(struct position){ node->node, node->incarnation, node->through });
    }
}
