#include "wire/client_name.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How to read the four characters of a version. */
enum version_style {
    DOTTED,      /* "4520" is 4.5.2, "0D80" is 0.13.8 */
    MAJOR_MINOR, /* "0102" is 1.2 */
    HUNDREDTHS,  /* "3000" is 3.00, and "4060" 4.0.6 (Transmission changed with 4) */
};

struct client {
    char code[3];
    const char *name;
    enum version_style style;
};

/* Codes as the clients use them today; BEP 20 lists older ones. */
static const struct client clients[] = {
    { "7T", "aTorrent", DOTTED },
    { "AG", "Ares", DOTTED },
    { "AZ", "Vuze", DOTTED },
    { "BC", "BitComet", MAJOR_MINOR },
    { "BG", "BTGetit", DOTTED },
    { "BI", "BiglyBT", DOTTED },
    { "BL", "BitLord", DOTTED },
    { "BT", "BitTorrent", DOTTED },
    { "BW", "BitWombat", DOTTED },
    { "DE", "Deluge", DOTTED },
    { "FD", "Free Download Manager", DOTTED },
    { "FL", "Flud", DOTTED },
    { "FW", "FrostWire", DOTTED },
    { "GT", "anacrolix/torrent", DOTTED },
    { "KG", "KGet", DOTTED },
    { "KT", "KTorrent", DOTTED },
    { "LI", "LibreTorrent", DOTTED },
    { "LT", "libtorrent", DOTTED },
    { "LW", "LimeWire", DOTTED },
    { "MO", "MonoTorrent", DOTTED },
    { "PI", "PicoTorrent", DOTTED },
    { "RS", "Rasterbar client", DOTTED },
    { "SD", "Thunder", DOTTED },
    { "SK", "skepctl", DOTTED },
    { "TL", "Tribler", DOTTED },
    { "TR", "Transmission", HUNDREDTHS },
    { "TX", "Tixati", MAJOR_MINOR },
    { "UM", "uTorrent Mac", DOTTED },
    { "UT", "uTorrent", DOTTED },
    { "UW", "uTorrent Web", DOTTED },
    { "WD", "WebTorrent Desktop", MAJOR_MINOR },
    { "WW", "WebTorrent", MAJOR_MINOR },
    { "XL", "Xunlei", DOTTED },
    { "lt", "rTorrent", DOTTED },
    { "qB", "qBittorrent", DOTTED },
    { "st", "SharkTorrent", DOTTED },
};

static const struct client *find_client(const uint8_t *code) {
    for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
        if (memcmp(clients[i].code, code, 2) == 0)
            return &clients[i];
    }
    return NULL;
}

/* Value of '0' to '9', then of letters from ten on; -1 for other characters. */
static int version_digit(uint8_t c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    return -1;
}

static void put_version(const int v[static 4], enum version_style style, char *text, size_t size) {
    if (style == MAJOR_MINOR)
        snprintf(text, size, "%d.%d", v[0] * 10 + v[1], v[2] * 10 + v[3]);
    else if (style == HUNDREDTHS && v[0] < 4)
        snprintf(text, size, "%d.%d%d", v[0], v[1], v[2]);
    else if (v[3] == 0)
        snprintf(text, size, "%d.%d.%d", v[0], v[1], v[2]);
    else
        snprintf(text, size, "%d.%d.%d.%d", v[0], v[1], v[2], v[3]);
}

/* "-XX1234-" (Azureus style). */
static bool azureus_style(const uint8_t *id, char name[static CLIENT_NAME_LEN]) {
    if (id[0] != '-' || !isalnum(id[1]) || !isalnum(id[2]))
        return false;
    int version[4];
    for (int i = 0; i < 4; i++) {
        version[i] = version_digit(id[3 + i]);
        /* The last character may be a letter or sign that marks a beta or nightly build. */
        if (i < 3 && version[i] < 0)
            return false;
    }
    if (!isdigit(id[6]))
        version[3] = 0;
    const struct client *client = find_client(id + 1);
    if (client == NULL) {
        snprintf(name, CLIENT_NAME_LEN, "unknown (%c%c)", id[1], id[2]);
        return true;
    }
    char number[24];
    put_version(version, client->style, number, sizeof number);
    snprintf(name, CLIENT_NAME_LEN, "%s %s", client->name, number);
    return true;
}

/* "A2-1-36-0-" and "M7-10-5--": numbers between dashes (BitTorrent's own style). */
static bool dashed_style(const uint8_t *id, char name[static CLIENT_NAME_LEN]) {
    const bool aria2 = memcmp(id, "A2-", 3) == 0;
    const bool mainline = id[0] == 'M' && isdigit(id[1]);
    if (!aria2 && !mainline)
        return false;
    char number[12] = { 0 };
    size_t len = 0;
    for (size_t i = aria2 ? 3 : 1; i < 10 && len < sizeof number - 1; i++) {
        if (isdigit(id[i]))
            number[len++] = (char)id[i];
        else if (id[i] == '-' && len > 0 && i + 1 < 10 && isdigit(id[i + 1]))
            number[len++] = '.';
        else
            break;
    }
    if (len == 0)
        return false;
    snprintf(name, CLIENT_NAME_LEN, "%s %s", aria2 ? "aria2" : "BitTorrent", number);
    return true;
}

void client_name(const uint8_t peer_id[static PEER_ID_LEN], char name[static CLIENT_NAME_LEN]) {
    if (dht_peer_id_is(peer_id))
        snprintf(name, CLIENT_NAME_LEN, "found by DHT");
    else if (!azureus_style(peer_id, name) && !dashed_style(peer_id, name))
        snprintf(name, CLIENT_NAME_LEN, "unknown client");
}
