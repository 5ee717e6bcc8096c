/* The packets of real clients, as they sent them. */
#include <string.h>

#include "support.h"
#include "wire/udp_wire.h"

enum { PACKET_MAX = 256 };

/* Each packet, and what it says. */
static const struct {
    const char *packet;
    const char *path;
    enum announce_event event;
    uint16_t port;
    uint64_t downloaded;
    uint64_t left;
    uint64_t uploaded;
    uint32_t key;
    int32_t numwant;
} announces[] = {
    /* aria2: announce, started (leecher) */
    { "ca61eeae8f9663ce000000017517eba5207a896e0664a4749d12493a29ef5063463afcc541322d312d33362d302d"
      "57d93cedee50daa52d11000000000000000000000000004001ec000000000000000000000002000000005a65a393"
      "000000327cd40000",
      "", EVENT_STARTED, 31956, 0, 4194796, 0, 0x5a65a393, 50 },
    /* aria2: announce, completed */
    { "ca61eeae8f9663ce00000001d0e3d0ab207a896e0664a4749d12493a29ef5063463afcc541322d312d33362d302d"
      "57d93cedee50daa52d1100000000004001ec0000000000000000000000000000000000000001000000006e9d7579"
      "000000327cd40000",
      "", EVENT_COMPLETED, 31956, 4194796, 0, 0, 0x6e9d7579, 50 },
    /* aria2: announce, no event */
    { "ca61eeae8f9663ce00000001abcd1814207a896e0664a4749d12493a29ef5063463afcc541322d312d33362d302d"
      "57d93cedee50daa52d1100000000004001ec0000000000000000000000000000000000000000000000005561cb1b"
      "000000327cd40000",
      "", EVENT_NONE, 31956, 4194796, 0, 0, 0x5561cb1b, 50 },
    /* aria2: announce, stopped */
    { "ca61eeae8f9663ce00000001d12b0975207a896e0664a4749d12493a29ef5063463afcc541322d312d33362d302d"
      "57d93cedee50daa52d1100000000004001ec0000000000000000000000000000000000000003000000007d2e8f06"
      "000000007cd40000",
      "", EVENT_STOPPED, 31956, 4194796, 0, 0, 0x7d2e8f06, 0 },
    /* aria2: announce URL with a query */
    { "e402d475a2f9673400000001d7eb78e86f032bd6bb83830d3517fa12c734790d74ac296b41322d312d33362d302d"
      "56fb8a46023e9372701f000000000000000000000000004001ec000000000000000000000002000000000649031e"
      "0000003260c70000",
      "", EVENT_STARTED, 24775, 0, 4194796, 0, 0x0649031e, 50 },
    /* the node client: announce, started (leecher) */
    { "927b49f6d40330cc00000001fac267be6114c38340b7ebf943919b8491f9e8423c46c8962d5757303130322d3739"
      "373935353439333365350000000000000000ffffffffffffffff0000000000000000000000020000000000000000"
      "000000327531",
      "", EVENT_STARTED, 30001, 0, LEFT_UNKNOWN, 0, 0x00000000, 50 },
    /* the node client: announce, completed */
    { "e760b0a61831b07700000001637b8c71c3bcf65f4151545986dcfbcf978dad08a74636bd2d5757303130322d6365"
      "32646564393131653563000000000000000000000000000000000000000000000000000000010000000000000000"
      "000000327537",
      "", EVENT_COMPLETED, 30007, 0, 0, 0, 0x00000000, 50 },
    /* the node client: announce, no event */
    { "435350f1e128621800000001352fe2ef6114c38340b7ebf943919b8491f9e8423c46c8962d5757303130322d3739"
      "373935353439333365350000000000000000ffffffffffffffff0000000000000000000000000000000000000000"
      "000000327531",
      "", EVENT_NONE, 30001, 0, LEFT_UNKNOWN, 0, 0x00000000, 50 },
    /* the node client: announce, stopped */
    { "531f742149545dd200000001f5fcbc296114c38340b7ebf943919b8491f9e8423c46c8962d5757303130322d3739"
      "373935353439333365350000000000000000ffffffffffffffff0000000000000000000000030000000000000000"
      "000000327531",
      "", EVENT_STOPPED, 30001, 0, LEFT_UNKNOWN, 0, 0x00000000, 50 },
    /* libtorrent: announce, started (leecher) */
    { "205f06fb633e368a000000013e91005e207a896e0664a4749d12493a29ef5063463afcc52d4c54323038302d7476"
      "58734d7e326478583270000000000000000000000000004001ec00000000000000000000000200000000f2a42201"
      "000000c8780e02092f616e6e6f756e6365",
      "/announce", EVENT_STARTED, 30734, 0, 4194796, 0, 0xf2a42201, 200 },
    /* libtorrent: announce, completed */
    { "205f06fb633e368a00000001158ab93f207a896e0664a4749d12493a29ef5063463afcc52d4c54323038302d7476"
      "58734d7e32647858327000000000004001ec000000000000000000000000003600000000000100000000f2a42201"
      "000000c8780e02092f616e6e6f756e6365",
      "/announce", EVENT_COMPLETED, 30734, 4194796, 0, 3538944, 0xf2a42201, 200 },
    /* libtorrent: announce, no event */
    { "205f06fb633e368a00000001f46d2039207a896e0664a4749d12493a29ef5063463afcc52d4c54323038302d7476"
      "58734d7e32647858327000000000004001ec000000000000000000000000005b80000000000000000000f2a42201"
      "000000c8780e02092f616e6e6f756e6365",
      "/announce", EVENT_NONE, 30734, 4194796, 0, 5996544, 0xf2a42201, 200 },
    /* libtorrent: announce, stopped */
    { "9e32fa69aeca272c00000001244d8916207a896e0664a4749d12493a29ef5063463afcc52d4c54323038302d456c"
      "68454b2d437829565a39000000000000000000000000000000000000000000be099c000000030000000087a60938"
      "00000000789a02092f616e6e6f756e6365",
      "/announce", EVENT_STOPPED, 30874, 0, 0, 12454300, 0x87a60938, 0 },
    /* libtorrent: announce URL with a query */
    { "b2de3de46945a6be00000001ba0999cb6f032bd6bb83830d3517fa12c734790d74ac296b2d4c54323038302d5630"
      "523463714f4f6937553300000000000000000000000000000000000000000000000000000002000000009925f251"
      "000000c84ec002322f616e6e6f756e63653f706173736b65793d3031323334353637383961626364656630313233"
      "343536373839616263646566",
      "/announce?passkey=0123456789abcdef0123456789abcdef", EVENT_STARTED, 20160, 0, 0, 0,
      0x9925f251, 200 },
    /* qBittorrent: announce, started (leecher) */
    { "e8daa5ae8b9db07100000001ce321763207a896e0664a4749d12493a29ef5063463afcc52d7142343532302d3278"
      "3362424a28485246484d000000000000000000000000004001ec0000000000000000000000020000000001957180"
      "000000c86d1702092f616e6e6f756e6365",
      "/announce", EVENT_STARTED, 27927, 0, 4194796, 0, 0x01957180, 200 },
    /* qBittorrent: announce, completed */
    { "e8daa5ae8b9db071000000010e4c3dd0207a896e0664a4749d12493a29ef5063463afcc52d7142343532302d3278"
      "3362424a28485246484d00000000004001ec00000000000000000000000000004000000000010000000001957180"
      "000000c86d1702092f616e6e6f756e6365",
      "/announce", EVENT_COMPLETED, 27927, 4194796, 0, 16384, 0x01957180, 200 },
    /* qBittorrent: announce, stopped */
    { "e8daa5ae8b9db07100000001bba69182207a896e0664a4749d12493a29ef5063463afcc52d7142343532302d3278"
      "3362424a28485246484d00000000004001ec000000000000000000000000001f4000000000030000000001957180"
      "000000006d1702092f616e6e6f756e6365",
      "/announce", EVENT_STOPPED, 27927, 4194796, 0, 2048000, 0x01957180, 0 },
    /* qBittorrent: announce URL with a query */
    { "43459a7edd53717c0000000148b4b50a6f032bd6bb83830d3517fa12c734790d74ac296b2d7142343532302d636f"
      "6d39334128525a6d714a000000000000000000000000004001ec00000000000000000000000200000000ca1f6686"
      "000000c8651e02322f616e6e6f756e63653f706173736b65793d3031323334353637383961626364656630313233"
      "343536373839616263646566",
      "/announce?passkey=0123456789abcdef0123456789abcdef", EVENT_STARTED, 25886, 0, 4194796, 0,
      0xca1f6686, 200 },
    /* rTorrent: announce, started (leecher) */
    { "9cf77ab4b6dcab9a000000010aa4e219207a896e0664a4749d12493a29ef5063463afcc52d6c74304438302dc330"
      "4f01ef7340d6bc082c7c000000000000000000000000004001ec000000000000000000000002000000003a1dc391"
      "ffffffff630e",
      "", EVENT_STARTED, 25358, 0, 4194796, 0, 0x3a1dc391, NUMWANT_DEFAULT },
    /* rTorrent: announce, completed */
    { "648eeff94b92cc1e000000013a1dc390207a896e0664a4749d12493a29ef5063463afcc52d6c74304438302dc330"
      "4f01ef7340d6bc082c7c00000000004001ec0000000000000000000000000027400000000001000000003a1dc391"
      "ffffffff630e",
      "", EVENT_COMPLETED, 25358, 4194796, 0, 2572288, 0x3a1dc391, NUMWANT_DEFAULT },
    /* rTorrent: announce, no event */
    { "87b052a65881d9160000000144f9e123207a896e0664a4749d12493a29ef5063463afcc52d6c74304438302dc330"
      "4f01ef7340d6bc082c7c00000000004001ec0000000000000000000000000027c00000000000000000003a1dc391"
      "ffffffff630e",
      "", EVENT_NONE, 25358, 4194796, 0, 2605056, 0x3a1dc391, NUMWANT_DEFAULT },
    /* rTorrent: announce, stopped */
    { "c7363ead3669a2f20000000171779e03207a896e0664a4749d12493a29ef5063463afcc52d6c74304438302dc330"
      "4f01ef7340d6bc082c7c00000000004001ec0000000000000000000000000027c00000000003000000003a1dc391"
      "ffffffff630e",
      "", EVENT_STOPPED, 25358, 4194796, 0, 2605056, 0x3a1dc391, NUMWANT_DEFAULT },
    /* rTorrent: announce URL with a query */
    { "f0f17c05cf63c0020000000167cea5e46f032bd6bb83830d3517fa12c734790d74ac296b2d6c74304438302d9f1b"
      "bfa5ab1ace66c12ac008000000000000000000000000004001ec000000000000000000000002000000003287d819"
      "ffffffff5597",
      "", EVENT_STARTED, 21911, 0, 4194796, 0, 0x3287d819, NUMWANT_DEFAULT },
    /* Transmission: announce, started (leecher) */
    { "7579a34c202f89f300000001617aef52207a896e0664a4749d12493a29ef5063463afcc52d5452333030302d6538"
      "68303161673635656a79000000000000000000000000004001ec000000000000000000000002000000004d818963"
      "000000504f99",
      "", EVENT_STARTED, 20377, 0, 4194796, 0, 0x4d818963, 80 },
    /* Transmission: announce, completed */
    { "7579a34c202f89f3000000014f307d4e207a896e0664a4749d12493a29ef5063463afcc52d5452333030302d6538"
      "68303161673635656a7900000000004001ec0000000000000000000000000000000000000001000000004d818963"
      "000000504f99",
      "", EVENT_COMPLETED, 20377, 4194796, 0, 0, 0x4d818963, 80 },
    /* Transmission: announce, no event */
    { "7579a34c202f89f3000000016c27d70a207a896e0664a4749d12493a29ef5063463afcc52d5452333030302d6538"
      "68303161673635656a79000000000000000000000000004001ec000000000000000000000000000000004d818963"
      "000000504f99",
      "", EVENT_NONE, 20377, 0, 4194796, 0, 0x4d818963, 80 },
    /* Transmission: announce, stopped */
    { "7579a34c202f89f300000001b827f13d207a896e0664a4749d12493a29ef5063463afcc52d5452333030302d6538"
      "68303161673635656a7900000000004001ec0000000000000000000000000000000000000003000000004d818963"
      "000000004f99",
      "", EVENT_STOPPED, 20377, 4194796, 0, 0, 0x4d818963, 0 },
    /* Transmission: announce URL with a query */
    { "c30a39059030384e000000012eb4dd3a6f032bd6bb83830d3517fa12c734790d74ac296b2d5452333030302d3433"
      "6c696b73643473303233000000000000000000000000004001ec000000000000000000000002000000005e69f98d"
      "0000005078f5",
      "", EVENT_STARTED, 30965, 0, 4194796, 0, 0x5e69f98d, 80 },
};

static struct bytes packet_of(const char *hex) {
    static uint8_t packet[PACKET_MAX];
    const size_t len = strlen(hex) / 2;
    ck_assert_uint_le(len, sizeof packet);
    ck_assert(hex_decode(bytes_of(hex), packet, len));
    return (struct bytes){ .data = packet, .len = len };
}

START_TEST(captured_announce_is_understood) {
    const struct bytes packet = packet_of(announces[_i].packet);
    struct udp_header header;
    struct udp_announce announce;
    ck_assert(udp_parse_header(packet, &header));
    ck_assert_uint_eq(header.action, UDP_ANNOUNCE);
    ck_assert_ptr_null(udp_parse_announce(packet, &announce));
    ck_assert_int_eq(announce.request.event, announces[_i].event);
    ck_assert_uint_eq(announce.port, announces[_i].port);
    ck_assert_uint_eq(announce.request.downloaded, announces[_i].downloaded);
    ck_assert_uint_eq(announce.request.left, announces[_i].left);
    ck_assert_uint_eq(announce.request.uploaded, announces[_i].uploaded);
    ck_assert_uint_eq(announce.request.key, announces[_i].key);
    ck_assert_int_eq(announce.request.numwant, announces[_i].numwant);
    assert_bytes((struct bytes){ .data = announce.path, .len = announce.path_len },
                 bytes_of(announces[_i].path));
}
END_TEST

static const char *const connects[] = {
    "0000041727101980000000007819becf", /* aria2 */
    "00000417271019800000000000000001", /* the node client */
    "00000417271019800000000088f8edad", /* libtorrent */
    "00000417271019800000000029e5634e", /* qBittorrent */
    "0000041727101980000000007788b3d6", /* rTorrent */
    "0000041727101980000000007c56a7e4", /* Transmission */
};

START_TEST(captured_connect_is_understood) {
    const struct bytes packet = packet_of(connects[_i]);
    struct udp_header header;
    ck_assert(udp_parse_header(packet, &header));
    ck_assert(udp_is_connect(&header));
    ck_assert_uint_eq(header.transaction_id, load_u32(packet.data + 12));
}
END_TEST

static const char *const scrapes[] = {
    /* the node client */
    "c51f36b468f64272000000024f2f02d5b3105fb6e9b4e92f3963e00091e1f4cbbf80ebf8",
    /* libtorrent */
    "9e32fa69aeca272c00000002535a7ce3207a896e0664a4749d12493a29ef5063463afcc5",
    /* Transmission */
    "7579a34c202f89f3000000024c4e240a207a896e0664a4749d12493a29ef5063463afcc5",
};

START_TEST(captured_scrape_is_understood) {
    const struct bytes packet = packet_of(scrapes[_i]);
    struct udp_header header;
    size_t count;
    ck_assert(udp_parse_header(packet, &header));
    ck_assert_uint_eq(header.action, UDP_SCRAPE);
    ck_assert_ptr_eq(udp_parse_scrape(packet, &count), packet.data + UDP_HEADER_LEN);
    ck_assert_uint_eq(count, 1);
}
END_TEST

UNIT_SUITE(udp_captures) {
    Suite *suite = suite_create("udp_captures");
    TCase *captures = tcase_create("captures");
    tcase_add_loop_test(captures, captured_announce_is_understood, 0, LOOPS_OF(announces));
    tcase_add_loop_test(captures, captured_connect_is_understood, 0, LOOPS_OF(connects));
    tcase_add_loop_test(captures, captured_scrape_is_understood, 0, LOOPS_OF(scrapes));
    suite_add_tcase(suite, captures);
    return suite;
}
