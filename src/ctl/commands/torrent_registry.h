/* skepctl add, remove, list: the registered torrents. */
#ifndef SKEP_CTL_COMMANDS_TORRENT_REGISTRY_H
#define SKEP_CTL_COMMANDS_TORRENT_REGISTRY_H

#include "ctl/command.h"
#include "torrent/metainfo.h"

enum status torrent_registry_add(struct registry_client *client, const struct command_line *line);
enum status torrent_registry_remove(struct registry_client *client,
                                    const struct command_line *line);
enum status torrent_registry_list(struct registry_client *client, const struct command_line *line);

/* Registers the torrent of a .torrent file under every info_hash that its clients announce. */
enum status torrent_registry_put(struct registry_client *client, const struct metainfo *metainfo,
                                 struct bytes file);

#endif
