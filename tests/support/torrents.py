"""Makes torrents at random, good ones and broken ones, as bytes. The same seed makes the same ones."""
import copy
import hashlib
import random

BLOCK = 16384


class Raw(bytes):
    """Bytes that are already bencoded."""


class Pairs(list):
    """A dictionary as a list of (key, value), in this order."""


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, bytes):
        return b"%d:%b" % (len(value), value)
    if isinstance(value, Pairs) or isinstance(value, dict):
        pairs = value if isinstance(value, Pairs) else sorted(value.items())
        return b"d" + b"".join(encode(key) + encode(item) for key, item in pairs) + b"e"
    return b"l" + b"".join(encode(item) for item in value) + b"e"


def merkle(hashes, filler):
    """The root over the hashes, filled up to a power of two."""
    count = 1
    while count < len(hashes):
        count *= 2
    hashes = hashes + [filler] * (count - len(hashes))
    while len(hashes) > 1:
        hashes = [hashlib.sha256(a + b).digest() for a, b in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


def layer_of(rng, size, piece_len):
    """The digests of the pieces of a file, and its root."""
    filler = bytes(32)
    for _ in range((piece_len // BLOCK).bit_length() - 1):
        filler = hashlib.sha256(filler + filler).digest()
    hashes = [rng.randbytes(32) for _ in range(-(-size // piece_len))]
    return hashes, merkle(hashes, filler)


NAMES = [b"a", b"b.txt", b"dir", b"x y", "\u00e9".encode(), "\u6587".encode(), b"\xd6\xd0", b"A", b"z", b"_", b"...",
         b"name with \x01"]


def random_files(rng):
    """[(path, size)] in the order of a file tree, without a file inside a file."""
    files = {}
    for _ in range(rng.randint(1, 5)):
        path = tuple(rng.choice(NAMES) for _ in range(rng.randint(1, 3)))
        if not any(path[:len(other)] == other or other[:len(path)] == path for other in files):
            files[path] = rng.choice([0, 1, 100, BLOCK, BLOCK + 1, 40000, 100000, 5 * BLOCK])
    if not any(files.values()):
        files = {(b"content",): 12345}
    return sorted(files.items())


def put_in_tree(tree, path, leaf):
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = {b"": leaf}


def add_v2(rng, top, info, files):
    tree, layers = {}, {}
    for path, size in files:
        leaf = {b"length": size}
        if size > 0:
            hashes, leaf[b"pieces root"] = layer_of(rng, size, info[b"piece length"])
            if size > info[b"piece length"]:
                layers[leaf[b"pieces root"]] = b"".join(hashes)
        put_in_tree(tree, path, leaf)
    info[b"file tree"], info[b"meta version"] = tree, 2
    top[b"piece layers"] = layers


def add_v1(rng, info, files, single, pad, pad_tail):
    total, entries = 0, []
    for number, (path, size) in enumerate(files):
        entries.append({b"length": size, b"path": list(path)})
        total += size
        gap = -total % info[b"piece length"]
        if gap and pad and size > 0 and (pad_tail or number + 1 < len(files)):
            entries.append({b"length": gap, b"path": [b".pad", b"%d" % gap], b"attr": b"p"})
            total += gap
    if single:
        info[b"length"] = files[0][1]
        total = files[0][1]
    else:
        info[b"files"] = entries
    info[b"pieces"] = rng.randbytes(20 * -(-total // info[b"piece length"]))


def good_torrent(rng):
    version = rng.choice(["v1", "v2", "hybrid"])
    single = rng.random() < 0.3
    files = [((b"name",), rng.choice([1, BLOCK, 50000]))] if single else random_files(rng)
    info = {b"name": b"name" if single else rng.choice(NAMES)}
    info[b"piece length"] = BLOCK << rng.randint(0, 2)
    if version == "v1" and rng.random() < 0.3:
        info[b"piece length"] = rng.choice([1000, 827392, 4192256])
    top = {b"info": info, b"announce": b"http://t/announce"}
    if version != "v1":
        add_v2(rng, top, info, files)
    if version != "v2":
        add_v1(rng, info, files, single, version == "hybrid" or rng.random() < 0.3, rng.random() < 0.3)
    if rng.random() < 0.2:
        info[b"private"] = rng.choice([0, 1, 2, b"1"])
    return top


VALUES = [0, -1, 1, 5, 20, BLOCK, 24576, 1 << 29, 1 << 30, 1 << 44, 1 << 48, 1 << 62, b"", b"x", b"..", b"name", b"p", b"l", b"lp",
          b"\x01\x02", b"a/b", b"/", bytes(20), bytes(32), bytes(40), [], [b"a"], [b".."], [b"a", b"b"], [1], [b""], {}, {b"": {}},
          {b"a": b"b"}]
KEYS = [b"length", b"path", b"path.utf-8", b"name", b"name.utf-8", b"attr", b"symlink path", b"pieces root",
        b"pieces", b"piece length", b"meta version", b"files", b"file tree", b"private", b"creation date", b""]


def dictionaries(value):
    """Every dictionary and list inside a value."""
    if isinstance(value, (dict, list)) and not isinstance(value, Pairs):
        yield value
        for item in list(value.values() if isinstance(value, dict) else value):
            yield from dictionaries(item)


def break_value(rng, top):
    """Changes, adds or removes one thing somewhere."""
    place = rng.choice(list(dictionaries(top)))
    if isinstance(place, dict):
        key = rng.choice(sorted(place) + KEYS[:3]) if place and rng.random() < 0.7 else rng.choice(KEYS)
        if rng.random() < 0.3:
            place.pop(key, None)
        elif isinstance(place.get(key), int) and rng.random() < 0.5:
            place[key] += rng.choice([-1, 1, BLOCK])
        elif isinstance(place.get(key), bytes) and rng.random() < 0.5:
            place[key] = change_bytes(rng, place[key])
        else:
            place[key] = copy.deepcopy(rng.choice(VALUES))
    elif rng.random() < 0.5 and place:
        place.pop(rng.randrange(len(place)))
    else:
        place.insert(rng.randint(0, len(place)), copy.deepcopy(rng.choice(VALUES)))


def change_bytes(rng, data):
    at = rng.randint(0, len(data))
    return rng.choice([data[:at], data + b"x", data[:at] + rng.randbytes(1) + data[at + 1:], data[20:]])


def make_symlink(rng, top):
    for files in (top[b"info"].get(b"files"), list(dictionaries(top[b"info"].get(b"file tree", {})))):
        for entry in files if isinstance(files, list) else []:
            if isinstance(entry, dict) and b"length" in entry and rng.random() < 0.5:
                entry[b"attr"] = b"l"
                entry[b"symlink path"] = rng.choice([[b"a"], [b"dir", b"x"], [b".", b"a"]])
                if rng.random() < 0.7:
                    entry.pop(b"length")


def unsort(rng, top):
    place = rng.choice([(top, key) for key in top] +
                       [(found, key) for found in dictionaries(top) if isinstance(found, dict) for key in found])
    value = place[0][place[1]]
    if isinstance(value, dict):
        pairs = Pairs(value.items())
        rng.shuffle(pairs)
        if pairs and rng.random() < 0.3:
            pairs.append(rng.choice(pairs))
        place[0][place[1]] = pairs


def spoil_bytes(rng, data):
    at = rng.randrange(len(data))
    return rng.choice([
        lambda: data[:at],
        lambda: data[:at] + rng.randbytes(1) + data[at + 1:],
        lambda: data[:at] + rng.choice([b"d", b"l", b"e", b"i", b"0", b"1:a", b"i1e"]) + data[at:],
        lambda: data[:at] + data[at + 1:],
        lambda: data.replace(b"i", b"i0", 1),
        lambda: data + rng.randbytes(5),
        lambda: data[:-1] + b"1:z" + b"l" * (95 + at % 6) + b"e" * (95 + at % 6) + b"e",
        lambda: data[:-1] + b"1:zi" + b"9" * (17 + at % 4) + b"ee",
    ])()


def random_torrent(seed):
    rng = random.Random(seed)
    top = good_torrent(rng)
    if rng.random() < 0.15:
        make_symlink(rng, top)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        break_value(rng, top)
    if rng.random() < 0.1:
        unsort(rng, top)
    data = encode(top)
    return spoil_bytes(rng, data) if rng.random() < 0.1 else data
