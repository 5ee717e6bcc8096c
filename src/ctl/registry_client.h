/* The registry (registered torrents, passkeys and bans), read and changed through the API of the
 * running skepd or directly in its database. Every function prints its errors. One thread. */
#ifndef SKEP_CTL_REGISTRY_CLIENT_H
#define SKEP_CTL_REGISTRY_CLIENT_H

#include "ctl/api_registry.h"
#include "ctl/command_line.h"
#include "ctl/output.h"
#include "torrent/metainfo.h"
#include "wire/passkey.h"

struct registry_client;

/* Opens --database or, without it, the API at --url, which must grant admin access. If no skepd
 * runs there and the URL is local, opens the default database (registry_client_open_default) and
 * prints a note. The caller closes `*client`, which is NULL on failure. */
enum status registry_client_open(const struct command_line *line, struct registry_client **client);
void registry_client_close(struct registry_client *client); /* NULL is ignored */

/* Path given with --database or, without it, ./var/skep.db or /var/lib/skep/skep.db, whichever
 * exists first; NULL if there is none. */
const char *registry_client_database_path(const struct command_line *line);

/* Opens the database at registry_client_database_path. NULL if there is none or it cannot be used,
 * without a message. */
struct registry_rows *registry_client_open_default(const struct command_line *line);

/* Registers a torrent. If it is registered already, a name that is not empty replaces its name,
 * unless it comes from a .torrent file. */
enum status registry_client_add_torrent(struct registry_client *client,
                                        const struct registry_torrent *torrent);

/* Registers a .torrent file under every info_hash that its clients announce. */
enum status registry_client_add_file(struct registry_client *client,
                                     const struct metainfo *metainfo, struct bytes file);

/* Creates a passkey: the one in `key`, or a random one if that is empty; then stores it there.
 * `*urls` is the array of its announce URLs, which the caller releases; NULL if no skepd runs. */
enum status registry_client_add_passkey(struct registry_client *client, const char *label,
                                        char key[static PASSKEY_TEXT_MAX + 1], json_t **urls);

/* Times are Unix time. `until_s` 0: permanent. `force`: ban even ourselves or a trusted proxy.
 * `*replaced`: there was a ban of this network. */
enum status registry_client_add_ban(struct registry_client *client, const struct network *network,
                                    const char *reason, int64_t until_s, int64_t now_s, bool force,
                                    bool *replaced);

enum status registry_client_add_block(struct registry_client *client,
                                      const uint8_t info_hash[static INFO_HASH_LEN],
                                      const char *reason);

/* Names the machine at an address; replaces an earlier name. */
enum status registry_client_add_machine(struct registry_client *client,
                                        const struct endpoint *address, const char *name);

/* `*found`: it existed. */
enum status registry_client_remove_torrent(struct registry_client *client,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           bool *found);
enum status registry_client_remove_passkey(struct registry_client *client, const char *label,
                                           bool *found);
enum status registry_client_remove_block(struct registry_client *client,
                                         const uint8_t info_hash[static INFO_HASH_LEN],
                                         bool *found);
enum status registry_client_remove_ban(struct registry_client *client,
                                       const struct network *network, bool *found);

enum status registry_client_remove_machine(struct registry_client *client,
                                           const struct endpoint *address, bool *found);

/* Turns the result of a removal into an error if nothing was found. `kind` is such as "torrent" or
 * "ban"; `name` as the user wrote it. */
enum status registry_client_check_removal(enum status status, bool found, const char *kind,
                                          const char *name);

/* Calls `visit` for each entry, in order. Rows have only the info_hash, name and size of a torrent,
 * the label and creation time of a passkey, and all fields of a ban or machine. */
typedef enum status (*registry_client_lister)(struct registry_client *client,
                                              registry_visitor visit, void *context);
enum status registry_client_visit_torrents(struct registry_client *client, registry_visitor visit,
                                           void *context);
enum status registry_client_visit_passkeys(struct registry_client *client, registry_visitor visit,
                                           void *context);
enum status registry_client_visit_blocks(struct registry_client *client, registry_visitor visit,
                                         void *context);
enum status registry_client_visit_machines(struct registry_client *client, registry_visitor visit,
                                           void *context);
/* Those in force; visit_all_bans: also those that ended within the last days. */
enum status registry_client_visit_bans(struct registry_client *client, registry_visitor visit,
                                       void *context);
enum status registry_client_visit_all_bans(struct registry_client *client, registry_visitor visit,
                                           void *context);

/* registry_client_visit_torrents for the torrents with `text` in their name or info_hash. A local
 * database does not filter. */
enum status registry_client_search_torrents(struct registry_client *client, const char *text,
                                            registry_visitor visit, void *context);

/* Prints a list with a line for each entry. On a terminal also `header`, or `empty` if the list is
 * empty. */
typedef void (*registry_row_printer)(const struct registry_row *row);
enum status registry_client_print(struct registry_client *client, registry_client_lister list,
                                  registry_row_printer print, const char *header,
                                  const char *empty);

/* Prints all rows of `list` as {"items": [...]}; `convert` turns a row into JSON. */
typedef json_t *(*registry_row_json)(const struct registry_row *row);
enum status registry_client_print_json(struct registry_client *client, registry_client_lister list,
                                       registry_row_json convert);

#endif
