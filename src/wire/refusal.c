#include "wire/refusal.h"

const char *refusal_text(enum announce_result result) {
    switch (result) {
    case ANNOUNCE_OK:
        return "all is well";
    case ANNOUNCE_TORRENTS_FULL:
        return "this tracker has as many torrents as it can keep";
    case ANNOUNCE_SWARM_FULL:
        return "this torrent has as many peers as this tracker keeps for one";
    case ANNOUNCE_PEERS_FULL:
        return "this tracker has as many peers as it can keep";
    case ANNOUNCE_NO_MEMORY:
        return "this tracker is out of memory";
    }
    return "refused";
}
