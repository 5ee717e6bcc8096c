/* skepctl add, remove, list: the registered torrents. */
#ifndef SKEP_CTL_COMMANDS_TORRENT_REGISTRY_H
#define SKEP_CTL_COMMANDS_TORRENT_REGISTRY_H

#include "ctl/command.h"
#include "torrent/metainfo.h"

enum status listed_add(struct registrar *registrar, const struct command_line *line);
enum status listed_remove(struct registrar *registrar, const struct command_line *line);
enum status listed_list(struct registrar *registrar, const struct command_line *line);

/* Registers the torrent of a .torrent file under every info_hash that its clients announce. */
enum status listed_put(struct registrar *registrar, const struct metainfo *metainfo,
                       struct bytes file);

#endif
