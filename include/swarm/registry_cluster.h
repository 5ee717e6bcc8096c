/* The registry of a node of a cluster: each change has a mark (swarm/registry_mark.h), by which the
 * nodes agree on one of several changes of an entry. Unless noted otherwise, any thread may call
 * each function at any time; without registry_share, none of them is called. */
#ifndef SKEP_SWARM_REGISTRY_CLUSTER_H
#define SKEP_SWARM_REGISTRY_CLUSTER_H

#include "swarm/registry.h"

/* Starts to keep marks. Before the registry is loaded. */
void registry_share(struct registry *registry);
bool registry_is_shared(const struct registry *registry);

/* The node, and the difference of the cluster's clock from clock_now_ms(): for stamps. */
void registry_set_node(struct registry *registry, uint64_t node, uint64_t clock_offset_ms);

/* Whether changes that were made outside of the cluster will be adopted (ADOPT_ALL), so that
 * changes of other nodes do not replace them before; else, those may. True at first. */
void registry_set_adopts(struct registry *registry, bool adopts);

/* What is stored in the database with the next edit. */
void registry_set_identity(struct registry *registry, const struct registry_identity *identity);
struct registry_identity registry_get_identity(struct registry *registry);

/* Loads a mark from the database, before the entries. False if out of memory. */
bool registry_load_mark(struct registry *registry, const struct registry_row *key,
                        const struct registry_mark *mark);

/* Copies the mark of the entry with the kind and key of `row`; false if there is none. */
bool registry_find_mark(struct registry *registry, const struct registry_row *row,
                        struct registry_mark *mark);

/* Merges a change of another node, as an edit. `row` has the key only if the entry is removed. If
 * a passkey has the label of another one, the later of the two gets another label. False if the
 * change was known, or another one of this node beats it. */
bool registry_merge(struct registry *registry, const struct registry_row *row,
                    const struct registry_mark *mark);

/* Number of edits that are not settled. */
size_t registry_count_queued(struct registry *registry);

/* Settles all edits, if there is no writer: memory is all there is. */
void registry_settle_queued(struct registry *registry);

/* An edit without changes, so that the writer stores the identity. */
void registry_touch(struct registry *registry);

/* How often the registry was loaded: another program has changed it. */
uint32_t registry_loads(struct registry *registry);

/* Adds an entry that was set aside. If the label of a passkey is taken, it gets another one. As
 * registry_edit_put. */
bool registry_edit_import(struct registry_edit *edit, const struct registry_row *row);

/* Passes the changes of an edit once they are in the database; on the writer's thread, without a
 * lock. NULL: ends that. */
typedef void (*registry_follower)(void *context, const struct registry_change *changes,
                                  size_t count);
void registry_follow(struct registry *registry, registry_follower follow, void *context);

/* Passes the marks of up to `most` entries from `*cursor` on, with the entries: rows of removed
 * entries, such as bans that have ended, have the key only. False at the end. If entries have moved
 * since the last call, begins again. The visitor is called without the registry's lock. */
struct registry_cursor {
    uint32_t position;
    uint32_t version;
};
typedef void (*registry_mark_visitor)(void *context, const struct registry_row *row,
                                      const struct registry_mark *mark, bool confirmed);
bool registry_visit_marks(struct registry *registry, struct registry_cursor *cursor, uint32_t most,
                          registry_mark_visitor visit, void *context);

/* What to do with entries that were changed outside of the cluster, so that their marks have no
 * stamp. */
enum registry_adoption {
    ADOPT_RESTRICTIONS, /* restrictions become changes of this node */
    ADOPT_ALL,          /* all do */
    SET_ASIDE,          /* permissions that no other node has confirmed leave memory */
};

/* Does so for a part of a kind (REGISTRY_PARTS), as an edit; `*any`: there were some. False if out
 * of memory. */
bool registry_adopt(struct registry *registry, enum registry_kind kind, int part,
                    enum registry_adoption adoption, bool *any);

/* Entries that were removed outside of the cluster become removals by this node. */
bool registry_adopt_removals(struct registry *registry);

/* Whether the entry is set aside. */
bool registry_is_aside(struct registry *registry, const struct registry_row *row);

/* Forgets all marks but those of entries that are set aside: the database is that of another
 * cluster. */
void registry_forget_marks(struct registry *registry);

/* Forgets the marks of entries that were removed before this stamp. */
void registry_forget_removed(struct registry *registry, uint64_t before);

/* For the writer: the marks that are to leave the database, by the stamp of the last
 * registry_forget_removed; UINT64_MAX: those of registry_forget_marks; 0: none. */
uint64_t registry_forgotten(struct registry *registry);

/* For the writer: the marks up to this return of registry_forgotten have left the database. */
void registry_settle_forgotten(struct registry *registry, uint64_t before);

/* Number of entries that are set aside. */
size_t registry_count_aside(struct registry *registry, enum registry_kind kind);

#endif
