/* skepctl add, remove, list: the registered torrents. Written straight to the database. */
#ifndef SKEP_CTL_LISTED_H
#define SKEP_CTL_LISTED_H

#include "ctl/command.h"
#include "wire/metainfo.h"

enum status listed_add(struct registry *registry, const struct command_line *line);
enum status listed_remove(struct registry *registry, const struct command_line *line);
enum status listed_list(struct registry *registry, const struct command_line *line);

/* Registers the torrent of a .torrent file under every info_hash that its clients announce. */
bool listed_put(struct registry *registry, const struct metainfo *metainfo, struct bytes file);

#endif
