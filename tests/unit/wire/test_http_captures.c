/* The queries of real clients, as they sent them. */
#include <string.h>

#include "support.h"
#include "wire/client_name.h"
#include "wire/http_wire.h"
#include "wire/passkey.h"

/* What libtorrent and its like send as a key is hexadecimal; aria2's is any eight bytes. */
enum { KEY_FOLDED = 1 };

static const struct captured {
    const char *url;
    const char *passkey;
    const char *info_hash;
    const char *client;
    enum announce_event event;
    uint16_t port;
    uint64_t uploaded;
    uint64_t downloaded;
    uint64_t left;
    int32_t numwant;
    uint32_t key;
    bool no_peer_id;
} announces[] = {
    /* aria2: announce, started (leecher) */
    { "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%"
      "3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=0&left=4194796&compact=1&key=%B5%F4%17%"
      "FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&event=started&supportcrypto=1",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "aria2 1.36.0", EVENT_STARTED, 25819, 0, 0,
      4194796, 50, KEY_FOLDED, true },
    /* aria2: announce, completed */
    { "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%"
      "3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%"
      "FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&event=completed&supportcrypto=1",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "aria2 1.36.0", EVENT_COMPLETED, 25819, 0,
      4194796, 0, 50, KEY_FOLDED, true },
    /* aria2: announce, no event */
    { "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%"
      "3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%"
      "FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&supportcrypto=1",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "aria2 1.36.0", EVENT_NONE, 25819, 0, 4194796,
      0, 50, KEY_FOLDED, true },
    /* aria2: announce, stopped */
    { "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%"
      "3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%"
      "FD%9C%8E%9F%C8&numwant=0&no_peer_id=1&port=25819&event=stopped&supportcrypto=1",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "aria2 1.36.0", EVENT_STOPPED, 25819, 0,
      4194796, 0, 0, KEY_FOLDED, true },
    /* aria2: announce URL with a query (?passkey=KEY) */
    { "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%E2b%2C%05%E4%C4%99%EB%7F%"
      "F2X%F0I%10%C3f%12L%9E&peer_id=A2-1-36-0-%81%B8%C3%D6%DE%9C%7C4%CE%1E&uploaded=0&downloaded="
      "0&left=4194796&compact=1&key=%C3%D6%DE%9C%7C4%CE%1E&numwant=50&no_peer_id=1&port=30941&"
      "event=started&supportcrypto=1",
      "0123456789abcdef0123456789abcdef", "16e2622c05e4c499eb7ff258f04910c366124c9e",
      "aria2 1.36.0", EVENT_STARTED, 30941, 0, 0, 4194796, 50, KEY_FOLDED, true },
    /* aria2: announce URL with a key in the path (/KEY/announce) */
    { "/0123456789abcdef0123456789abcdef/"
      "announce?info_hash=%91%05g%E8%9A%CA%3FN%BA_%FD%9F6%2C%0F%09%BB%F4%98%84&peer_id=A2-1-36-0-%"
      "CB%89%DB%23%84%80%96%A4%A7%2A&uploaded=0&downloaded=0&left=4194796&compact=1&key=%DB%23%84%"
      "80%96%A4%A7%2A&numwant=50&no_peer_id=1&port=23400&event=started&supportcrypto=1",
      "0123456789abcdef0123456789abcdef", "910567e89aca3f4eba5ffd9f362c0f09bbf49884",
      "aria2 1.36.0", EVENT_STARTED, 23400, 0, 0, 4194796, 50, KEY_FOLDED, true },
    /* the node client: announce, started (leecher) */
    { "/announce?numwant=50&uploaded=0&downloaded=0&event=started&compact=1&info_hash=AG%818%0B%1A."
      "%90%60%85%3D6%CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
      "", "414781380b1a2e9060853d36ca5033d0e9b317d4", "WebTorrent 1.2", EVENT_STARTED, 30000, 0, 0,
      16384, 50, 0, false },
    /* the node client: announce, started (seed) */
    { "/announce?left=0&numwant=50&uploaded=0&downloaded=0&event=started&compact=1&info_hash=%D5%"
      "BA%F6%23%E9%0EpCo%A8%01%07D%A8%5C%D9t%A6%9F%97&peer_id=-WW0102-537115640970&port=30016",
      "", "d5baf623e90e70436fa8010744a85cd974a69f97", "WebTorrent 1.2", EVENT_STARTED, 30016, 0, 0,
      0, 50, 0, false },
    /* the node client: announce, completed */
    { "/announce?left=0&numwant=50&uploaded=0&downloaded=0&event=completed&compact=1&info_hash=%F8%"
      "2C%BA%D8%D0%82%99%19%B9%94o%FD%5BDY%92%B086U&peer_id=-WW0102-1d4502ffc6b0&port=30004",
      "", "f82cbad8d0829919b9946ffd5b445992b0383655", "WebTorrent 1.2", EVENT_COMPLETED, 30004, 0,
      0, 0, 50, 0, false },
    /* the node client: announce, no event */
    { "/announce?numwant=50&uploaded=0&downloaded=0&compact=1&info_hash=AG%818%0B%1A.%90%60%85%3D6%"
      "CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
      "", "414781380b1a2e9060853d36ca5033d0e9b317d4", "WebTorrent 1.2", EVENT_NONE, 30000, 0, 0,
      16384, 50, 0, false },
    /* the node client: announce, stopped */
    { "/announce?numwant=50&uploaded=0&downloaded=0&event=stopped&compact=1&info_hash=AG%818%0B%1A."
      "%90%60%85%3D6%CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
      "", "414781380b1a2e9060853d36ca5033d0e9b317d4", "WebTorrent 1.2", EVENT_STOPPED, 30000, 0, 0,
      16384, 50, 0, false },
    /* libtorrent: announce, started (leecher) */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-"
      "KYmCQ0owv7*i&port=27108&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=BA4A9071&event="
      "started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "libtorrent 2.0.8", EVENT_STARTED, 27108, 0,
      0, 4194796, 200, 0xba4a9071, true },
    /* libtorrent: announce, started (seed) */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-Zq~"
      "pRASUKOZX&port=27273&uploaded=0&downloaded=0&left=0&corrupt=0&key=66E1F854&event=started&"
      "numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "libtorrent 2.0.8", EVENT_STARTED, 27273, 0,
      0, 0, 200, 0x66e1f854, true },
    /* libtorrent: announce, completed */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-"
      "KYmCQ0owv7*i&port=27108&uploaded=0&downloaded=4194796&left=0&corrupt=0&key=BA4A9071&event="
      "completed&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "libtorrent 2.0.8", EVENT_COMPLETED, 27108, 0,
      4194796, 0, 200, 0xba4a9071, true },
    /* libtorrent: announce, no event */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-"
      "KYmCQ0owv7*i&port=27108&uploaded=3403575&downloaded=4194796&left=0&corrupt=0&key=BA4A9071&"
      "numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "libtorrent 2.0.8", EVENT_NONE, 27108,
      3403575, 4194796, 0, 200, 0xba4a9071, true },
    /* libtorrent: announce, stopped */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-Zq~"
      "pRASUKOZX&port=27273&uploaded=17663920&downloaded=0&left=0&corrupt=0&key=66E1F854&event="
      "stopped&numwant=0&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "libtorrent 2.0.8", EVENT_STOPPED, 27273,
      17663920, 0, 0, 0, 0x66e1f854, true },
    /* libtorrent: announce URL with a query (?passkey=KEY) */
    { "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%"
      "f2X%f0I%10%c3f%12L%9e&peer_id=-LT2080-D5vdXJ7cb!~3&port=20854&uploaded=0&downloaded=0&left="
      "0&corrupt=0&key=B3AE2C77&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&"
      "redundant=0",
      "0123456789abcdef0123456789abcdef", "16e2622c05e4c499eb7ff258f04910c366124c9e",
      "libtorrent 2.0.8", EVENT_STARTED, 20854, 0, 0, 0, 200, 0xb3ae2c77, true },
    /* libtorrent: announce URL with a key in the path (/KEY/announce) */
    { "/0123456789abcdef0123456789abcdef/"
      "announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-LT2080-"
      "55tx-H63XVbB&port=21018&uploaded=0&downloaded=0&left=0&corrupt=0&key=72A07A01&event=started&"
      "numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "0123456789abcdef0123456789abcdef", "910567e89aca3f4eba5ffd9f362c0f09bbf49884",
      "libtorrent 2.0.8", EVENT_STARTED, 21018, 0, 0, 0, 200, 0x72a07a01, true },
    /* qBittorrent: announce, started (leecher) */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-"
      "qpOwUc7STmaC&port=24330&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=E753ECF2&event="
      "started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "qBittorrent 4.5.2", EVENT_STARTED, 24330, 0,
      0, 4194796, 200, 0xe753ecf2, true },
    /* qBittorrent: announce, completed */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-"
      "qpOwUc7STmaC&port=24330&uploaded=0&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&event="
      "completed&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "qBittorrent 4.5.2", EVENT_COMPLETED, 24330,
      0, 4194796, 0, 200, 0xe753ecf2, true },
    /* qBittorrent: announce, no event */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-"
      "qpOwUc7STmaC&port=24330&uploaded=65536&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&"
      "numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "qBittorrent 4.5.2", EVENT_NONE, 24330, 65536,
      4194796, 0, 200, 0xe753ecf2, true },
    /* qBittorrent: announce, stopped */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-"
      "qpOwUc7STmaC&port=24330&uploaded=65536&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&"
      "event=stopped&numwant=0&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "qBittorrent 4.5.2", EVENT_STOPPED, 24330,
      65536, 4194796, 0, 0, 0xe753ecf2, true },
    /* qBittorrent: announce URL with a query (?passkey=KEY) */
    { "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%"
      "f2X%f0I%10%c3f%12L%9e&peer_id=-qB4520-0JTBV0zF1R-L&port=27191&uploaded=0&downloaded=0&left="
      "4194796&corrupt=0&key=550E54BE&event=started&numwant=200&compact=1&no_peer_id=1&"
      "supportcrypto=1&redundant=0",
      "0123456789abcdef0123456789abcdef", "16e2622c05e4c499eb7ff258f04910c366124c9e",
      "qBittorrent 4.5.2", EVENT_STARTED, 27191, 0, 0, 4194796, 200, 0x550e54be, true },
    /* qBittorrent: announce URL with a key in the path (/KEY/announce) */
    { "/0123456789abcdef0123456789abcdef/"
      "announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-qB4520-c-"
      "aItPM8kQSg&port=31434&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=F079FDDC&event="
      "started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
      "0123456789abcdef0123456789abcdef", "910567e89aca3f4eba5ffd9f362c0f09bbf49884",
      "qBittorrent 4.5.2", EVENT_STARTED, 31434, 0, 0, 4194796, 200, 0xf079fddc, true },
    /* rTorrent: announce, started (leecher) */
    { "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%"
      "AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded=0&"
      "left=4194796&event=started",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "rTorrent 0.13.8", EVENT_STARTED, 24317, 0, 0,
      4194796, NUMWANT_DEFAULT, 0x2c0ba833, false },
    /* rTorrent: announce, completed */
    { "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%"
      "AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded="
      "4194796&left=0&event=completed",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "rTorrent 0.13.8", EVENT_COMPLETED, 24317, 0,
      4194796, 0, NUMWANT_DEFAULT, 0x2c0ba833, false },
    /* rTorrent: announce, no event */
    { "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%"
      "AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded="
      "4194796&left=0",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "rTorrent 0.13.8", EVENT_NONE, 24317, 0,
      4194796, 0, NUMWANT_DEFAULT, 0x2c0ba833, false },
    /* rTorrent: announce, stopped */
    { "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%"
      "AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded="
      "4194796&left=0&event=stopped",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "rTorrent 0.13.8", EVENT_STOPPED, 24317, 0,
      4194796, 0, NUMWANT_DEFAULT, 0x2c0ba833, false },
    /* rTorrent: announce URL with a query (?passkey=KEY) */
    { "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%E2b%2C%05%E4%C4%99%EB%7F%"
      "F2X%F0I%10%C3f%12L%9E&peer_id=-lt0D80-%D4D%11%24%AB%8FI%83-%1F%902&key=37fc0d96&compact=1&"
      "port=21378&uploaded=0&downloaded=0&left=4194796&event=started",
      "0123456789abcdef0123456789abcdef", "16e2622c05e4c499eb7ff258f04910c366124c9e",
      "rTorrent 0.13.8", EVENT_STARTED, 21378, 0, 0, 4194796, NUMWANT_DEFAULT, 0x37fc0d96, false },
    /* rTorrent: announce URL with a key in the path (/KEY/announce) */
    { "/0123456789abcdef0123456789abcdef/"
      "announce?info_hash=%91%05g%E8%9A%CA%3FN%BA%5F%FD%9F6%2C%0F%09%BB%F4%98%84&peer_id=-lt0D80-%"
      "A5%CB%92%209%7D3%DE%15D%17f&key=7a7071f4&compact=1&port=22733&uploaded=0&downloaded=0&left="
      "4194796&event=started",
      "0123456789abcdef0123456789abcdef", "910567e89aca3f4eba5ffd9f362c0f09bbf49884",
      "rTorrent 0.13.8", EVENT_STARTED, 22733, 0, 0, 4194796, NUMWANT_DEFAULT, 0x7a7071f4, false },
    /* Transmission: announce, started (leecher) */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-"
      "f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=0&left=4194796&numwant=80&key=403c3fd1&"
      "compact=1&supportcrypto=1&event=started",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "Transmission 3.00", EVENT_STARTED, 27545, 0,
      0, 4194796, 80, 0x403c3fd1, false },
    /* Transmission: announce, completed */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-"
      "f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=4194796&left=0&numwant=80&key=403c3fd1&"
      "compact=1&supportcrypto=1&event=completed",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "Transmission 3.00", EVENT_COMPLETED, 27545,
      0, 4194796, 0, 80, 0x403c3fd1, false },
    /* Transmission: announce, no event */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-"
      "f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=0&left=4194796&numwant=80&key=403c3fd1&"
      "compact=1&supportcrypto=1",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "Transmission 3.00", EVENT_NONE, 27545, 0, 0,
      4194796, 80, 0x403c3fd1, false },
    /* Transmission: announce, stopped */
    { "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-"
      "f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=4194796&left=0&numwant=0&key=403c3fd1&compact="
      "1&supportcrypto=1&event=stopped",
      "", "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a", "Transmission 3.00", EVENT_STOPPED, 27545, 0,
      4194796, 0, 0, 0x403c3fd1, false },
    /* Transmission: announce URL with a query (?passkey=KEY) */
    { "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%"
      "f2X%f0I%10%c3f%12L%9e&peer_id=-TR3000-f2mj9prk9ulh&port=26521&uploaded=0&downloaded=0&left="
      "4194796&numwant=80&key=1fb9a0f7&compact=1&supportcrypto=1&event=started",
      "0123456789abcdef0123456789abcdef", "16e2622c05e4c499eb7ff258f04910c366124c9e",
      "Transmission 3.00", EVENT_STARTED, 26521, 0, 0, 4194796, 80, 0x1fb9a0f7, false },
    /* Transmission: announce URL with a key in the path (/KEY/announce) */
    { "/0123456789abcdef0123456789abcdef/"
      "announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-TR3000-"
      "ozbeut8h5v66&port=27662&uploaded=0&downloaded=0&left=4194796&numwant=80&key=1f50dafd&"
      "compact=1&supportcrypto=1&event=started",
      "0123456789abcdef0123456789abcdef", "910567e89aca3f4eba5ffd9f362c0f09bbf49884",
      "Transmission 3.00", EVENT_STARTED, 27662, 0, 0, 4194796, 80, 0x1f50dafd, false },
};

static struct http_announce parsed(const struct captured *captured) {
    const struct http_target target = http_parse_target(bytes_of(captured->url));
    struct http_announce announce;
    ck_assert_int_eq(target.kind, HTTP_ROUTE_ANNOUNCE);
    ck_assert_ptr_null(http_parse_announce(target.query, &announce));
    const struct passkey expected = passkey_of(bytes_of(captured->passkey));
    const struct passkey found = passkey_choose(&target, &announce.request.passkey);
    ck_assert(found.given == expected.given);
    ck_assert_mem_eq(found.digest, expected.digest, sizeof found.digest);
    return announce;
}

START_TEST(captured_announce_is_understood) {
    const struct captured *captured = &announces[_i];
    const struct http_announce announce = parsed(captured);
    const struct announce_request *request = &announce.request;
    char info_hash[2 * INFO_HASH_LEN + 1];
    hex_encode(request->info_hash, INFO_HASH_LEN, info_hash);
    ck_assert_str_eq(info_hash, captured->info_hash);
    ck_assert_int_eq(request->event, captured->event);
    ck_assert_uint_eq(announce.port, captured->port);
    ck_assert_uint_eq(request->uploaded, captured->uploaded);
    ck_assert_uint_eq(request->downloaded, captured->downloaded);
    ck_assert_uint_eq(request->left, captured->left);
    ck_assert_int_eq(request->numwant, captured->numwant);
    ck_assert(announce.compact);
    ck_assert_int_eq(announce.no_peer_id, captured->no_peer_id);
    ck_assert_uint_eq(request->claimed_v4.family, FAMILY_NONE);
    ck_assert_uint_eq(request->claimed_v6.family, FAMILY_NONE);
}
END_TEST

START_TEST(captured_key_is_understood) {
    const struct captured *captured = &announces[_i];
    const uint32_t key = parsed(captured).request.key;
    if (captured->key == KEY_FOLDED)
        ck_assert_uint_ne(key, 0);
    else
        ck_assert_uint_eq(key, captured->key);
}
END_TEST

START_TEST(captured_client_is_known) {
    const struct http_announce announce = parsed(&announces[_i]);
    char name[CLIENT_NAME_LEN];
    client_name(announce.request.peer_id, name);
    ck_assert_str_eq(name, announces[_i].client);
}
END_TEST

static const struct {
    const char *url;
    const char *info_hash;
} scrapes[] = {
    /* the node client */
    { "/scrape?info_hash=%2F%AE%E4%28%7E%BDH%60h%A15%FE%F2%7E%9Bdf%1CA%F8",
      "2faee4287ebd486068a135fef27e9b64661c41f8" },
    /* libtorrent */
    { "/scrape?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a",
      "ff1dd52e38b4ad9bd485354b17e6c8fe4d9dee1a" },
    /* Transmission */
    { "/scrape?info_hash=x%93%5b%18%87%e3MNP%05c%5e%f16%01z%9cBW%1d",
      "78935b1887e34d4e5005635ef136017a9c42571d" },
};

START_TEST(captured_scrape_is_understood) {
    const struct http_target target = http_parse_target(bytes_of(scrapes[_i].url));
    uint8_t hashes[1][INFO_HASH_LEN];
    char info_hash[2 * INFO_HASH_LEN + 1];
    size_t count;
    ck_assert_int_eq(target.kind, HTTP_ROUTE_SCRAPE);
    ck_assert_ptr_null(http_parse_scrape(target.query, hashes, 1, &count));
    ck_assert_uint_eq(count, 1);
    hex_encode(hashes[0], INFO_HASH_LEN, info_hash);
    ck_assert_str_eq(info_hash, scrapes[_i].info_hash);
}
END_TEST

UNIT_SUITE(http_captures) {
    Suite *suite = suite_create("http_captures");
    TCase *captures = tcase_create("captures");
    tcase_add_loop_test(captures, captured_announce_is_understood, 0, LOOPS_OF(announces));
    tcase_add_loop_test(captures, captured_key_is_understood, 0, LOOPS_OF(announces));
    tcase_add_loop_test(captures, captured_client_is_known, 0, LOOPS_OF(announces));
    tcase_add_loop_test(captures, captured_scrape_is_understood, 0, LOOPS_OF(scrapes));
    suite_add_tcase(suite, captures);
    return suite;
}
