/* What the tracker allows, read and changed through the API of the skepd that runs, or in its
 * database. Every function says what failed. One thread. */
#ifndef SKEP_CTL_REGISTRY_CLIENT_H
#define SKEP_CTL_REGISTRY_CLIENT_H

#include "ctl/command_line.h"
#include "ctl/output.h"
#include "store/registry.h"
#include "torrent/metainfo.h"

struct registry_client;

/* With --database, that file. Otherwise the skepd at --url, which must take us for an admin; and
 * where none answers, and that URL is this machine's, the database that is there, which is said.
 * Afterwards, registry_client_close. */
enum status registry_client_open(const struct command_line *line,
                                 struct registry_client **registrar);
void registry_client_close(struct registry_client *registrar); /* NULL is fine */

/* One that is there already takes the new name, unless that is empty or only its file names it. */
enum status registry_client_add_torrent(struct registry_client *registrar,
                                        const struct registry_torrent *torrent);

/* Makes a passkey of that label. `*urls` are its announce URLs, an array that is the caller's; NULL
 * where no daemon tells them. */
enum status registry_client_add_passkey(struct registry_client *registrar, const char *label,
                                        char key[static REGISTRY_PASSKEY_LEN], json_t **urls);

/* `until_s` 0: for good. */
enum status registry_client_add_ban(struct registry_client *registrar,
                                    const struct network *network, const char *reason,
                                    int64_t until_s, int64_t now_s);

/* `*found` says whether there was one. */
enum status registry_client_remove_torrent(struct registry_client *registrar,
                                           const uint8_t info_hash[static INFO_HASH_LEN],
                                           bool *found);
enum status registry_client_remove_passkey(struct registry_client *registrar, const char *label,
                                           bool *found);
enum status registry_client_remove_ban(struct registry_client *registrar,
                                       const struct network *network, bool *found);

/* Calls `visit` for each, in order. Of a torrent, its hash, name and size are known; of a passkey,
 * its label and since when it is there; of a ban, everything. */
typedef enum status (*registrar_lister)(struct registry_client *registrar, registry_visitor visit,
                                        void *context);
enum status registrar_visit_torrents(struct registry_client *registrar, registry_visitor visit,
                                     void *context);
/* The same, perhaps for those alone whose name or info_hash has `word` in it. */
enum status registrar_search_torrents(struct registry_client *registrar, const char *word,
                                      registry_visitor visit, void *context);
enum status registrar_visit_passkeys(struct registry_client *registrar, registry_visitor visit,
                                     void *context);
enum status registrar_visit_bans(struct registry_client *registrar, registry_visitor visit,
                                 void *context);

/* Prints all rows that `list` finds as {"items": [...]}: `make` turns each into JSON. */
typedef json_t *(*registry_row_json)(const struct registry_row *row);
enum status registry_client_print_json(struct registry_client *registrar, registrar_lister list,
                                       registry_row_json make);

/* Says that there was no `what` to remove. */
enum status registry_client_report_removal(enum status status, bool found, const char *what);

/* Registers a .torrent file under every info_hash that its clients announce. */
enum status registry_client_put_torrent(struct registry_client *client,
                                        const struct metainfo *metainfo, struct bytes file);

#endif
