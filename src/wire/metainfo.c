#include "wire/metainfo.h"

#include <string.h>

#include "base/bencode.h"
#include "base/digest.h"

enum { META_VERSION_2 = 2 };

static void add_v1(struct metainfo *metainfo, struct bytes info) {
    digest_sha1(info.data, info.len, metainfo->info_hashes[metainfo->hash_count++]);
}

static void add_v2(struct metainfo *metainfo, struct bytes info) {
    uint8_t digest[SHA256_LEN];
    digest_sha256(info.data, info.len, digest);
    memcpy(metainfo->info_hashes[metainfo->hash_count++], digest, INFO_HASH_LEN);
}

const char *metainfo_parse(struct bytes file, struct metainfo *metainfo) {
    struct metainfo parsed = { 0 };
    struct bencode_value top;
    struct bencode_value info;
    struct bencode_value value;
    if (!bencode_take(&file, &top) || top.kind != BENCODE_DICT)
        return "this is no bencoded dictionary";
    if (!bencode_find(&top, "info", BENCODE_DICT, &info))
        return "it has no info dictionary";
    if (!bencode_find(&info, "name", BENCODE_STRING, &value))
        return "its info dictionary has no name";
    parsed.name = value.inside;
    if (bencode_find(&info, "pieces", BENCODE_STRING, &value))
        add_v1(&parsed, info.whole);
    if (bencode_find(&info, "meta version", BENCODE_NUMBER, &value) &&
        value.number == META_VERSION_2)
        add_v2(&parsed, info.whole);
    if (parsed.hash_count == 0)
        return "it is neither a version 1 nor a version 2 torrent";
    *metainfo = parsed;
    return NULL;
}
