/* Reads and changes the registry, through the API of a running skepd or in its database. Every
 * function prints its failure. One thread. */
#ifndef SKEP_CTL_REGISTRY_CLIENT_H
#define SKEP_CTL_REGISTRY_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry.h"
#include "torrent/metainfo.h"

struct registry_client;

/* Opens the database of --database, or else the skepd at --url, which must accept us as
 * administrator. If none answers and the URL is on this machine, the default database is used,
 * which is printed. Call registry_client_close afterwards. */
enum status registry_client_open(const struct command_line *line,
                                 struct registry_client **registrar);
void registry_client_close(struct registry_client *registrar); /* NULL is ignored */

/* An existing torrent takes the new name, unless it is empty or comes only from the file. */
enum status registry_client_add_torrent(struct registry_client *registrar,
                                        const struct registry_torrent *torrent);

/* Creates a passkey. `*urls` are its announce URLs, an array that the caller owns; NULL without a
 * running skepd. */
enum status registry_client_add_passkey(struct registry_client *registrar, const char *label,
                                        char key[static REGISTRY_PASSKEY_LEN], json_t **urls);

/* `until_s` 0: permanent. */
enum status registry_client_add_ban(struct registry_client *registrar,
                                    const struct network *network, const char *reason,
                                    int64_t until_s, int64_t now_s);

/* `*found`: the entry existed. */
enum status registry_client_remove_torrent(struct registry_client *registrar,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           bool *found);
enum status registry_client_remove_passkey(struct registry_client *registrar, const char *label,
                                           bool *found);
enum status registry_client_remove_ban(struct registry_client *registrar,
                                       const struct network *network, bool *found);

/* Calls `visit` for each entry. Of a torrent, hash, name and size are set; of a passkey, label and
 * creation time; of a ban, everything. */
typedef enum status (*registrar_lister)(struct registry_client *registrar, registry_visitor visit,
                                        void *context);
enum status registrar_visit_torrents(struct registry_client *registrar, registry_visitor visit,
                                     void *context);
/* The same, optionally only for torrents whose name or info_hash contains `word`. */
enum status registrar_search_torrents(struct registry_client *registrar, const char *word,
                                      registry_visitor visit, void *context);
enum status registrar_visit_passkeys(struct registry_client *registrar, registry_visitor visit,
                                     void *context);
enum status registrar_visit_bans(struct registry_client *registrar, registry_visitor visit,
                                 void *context);

/* Prints all rows of `list` as {"items": [...]}; `make` converts each to JSON. */
typedef json_t *(*registry_row_json)(const struct registry_row *row);
enum status registry_client_print_json(struct registry_client *registrar, registrar_lister list,
                                       registry_row_json make);

/* Reports whether `what` was removed. */
enum status registry_client_report_removal(enum status status, bool found, const char *what);

/* Registers a .torrent file under every info_hash that its clients announce. */
enum status registry_client_put_torrent(struct registry_client *client,
                                        const struct metainfo *metainfo, struct bytes file);

#endif
