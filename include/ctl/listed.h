/* skepctl add, remove, list: the registered torrents. */
#ifndef SKEP_CTL_LISTED_H
#define SKEP_CTL_LISTED_H

#include "ctl/command.h"
#include "wire/metainfo.h"

enum status listed_add(struct registrar *registrar, const struct command_line *line);
enum status listed_remove(struct registrar *registrar, const struct command_line *line);
enum status listed_list(struct registrar *registrar, const struct command_line *line);

/* Registers the torrent of a .torrent file under every info_hash that its clients announce. */
enum status listed_put(struct registrar *registrar, const struct metainfo *metainfo,
                       struct bytes file);

#endif
