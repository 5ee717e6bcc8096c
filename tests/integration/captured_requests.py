"""Requests as real clients sent them over HTTP to a tracker on loopback, recorded from the socket.

Each client: the header lines behind the request line, where {host} is what it put there, and its
request targets. "over IPv6" was sent to [::1]. The torrents are private ones of 4 MiB.
"""

CLIENTS = {
    "aria2 1.36.0": {
        "headers": (
            "User-Agent: aria2/1.36.0\r\n"
            "Accept: */*\r\n"
            "Host: {host}\r\n"
            "Want-Digest: SHA-512;q=1, SHA-256;q=1, SHA;q=0.1\r\n"
        ),
        "host": "127.0.0.1:6969",
        "host over IPv6": "[::1]:6969",
        "targets": {
            "started": "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=0&left=4194796&compact=1&key=%B5%F4%17%FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&event=started&supportcrypto=1",
            "completed": "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&event=completed&supportcrypto=1",
            "regular": "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%FD%9C%8E%9F%C8&numwant=50&no_peer_id=1&port=25819&supportcrypto=1",
            "stopped": "/announce?info_hash=%FF%1D%D5.8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=A2-1-36-0-%3C%F9%B5%F4%17%FD%9C%8E%9F%C8&uploaded=0&downloaded=4194796&left=0&compact=1&key=%B5%F4%17%FD%9C%8E%9F%C8&numwant=0&no_peer_id=1&port=25819&event=stopped&supportcrypto=1",
            "passkey in the query": "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%E2b%2C%05%E4%C4%99%EB%7F%F2X%F0I%10%C3f%12L%9E&peer_id=A2-1-36-0-%81%B8%C3%D6%DE%9C%7C4%CE%1E&uploaded=0&downloaded=0&left=4194796&compact=1&key=%C3%D6%DE%9C%7C4%CE%1E&numwant=50&no_peer_id=1&port=30941&event=started&supportcrypto=1",
            "key in the path": "/0123456789abcdef0123456789abcdef/announce?info_hash=%91%05g%E8%9A%CA%3FN%BA_%FD%9F6%2C%0F%09%BB%F4%98%84&peer_id=A2-1-36-0-%CB%89%DB%23%84%80%96%A4%A7%2A&uploaded=0&downloaded=0&left=4194796&compact=1&key=%DB%23%84%80%96%A4%A7%2A&numwant=50&no_peer_id=1&port=23400&event=started&supportcrypto=1",
            "over IPv6": "/announce?info_hash=%3DY%C3J%87%E6z_%BA%A0Z%E1B%17%13%A2%95%EA%BB%C1&peer_id=A2-1-36-0-%82Tp%5E6F3I%CDm&uploaded=0&downloaded=0&left=4194796&compact=1&key=p%5E6F3I%CDm&numwant=50&no_peer_id=1&port=29907&event=started&supportcrypto=1",
        },
    },
    "bittorrent-tracker (the npm package)": {
        "headers": (
            "host: {host}\r\n"
            "connection: close\r\n"
            "user-agent: \r\n"
            "accept: */*\r\n"
            "accept-language: *\r\n"
            "sec-fetch-mode: cors\r\n"
            "accept-encoding: gzip, deflate\r\n"
        ),
        "host": "127.0.0.1:16996",
        "targets": {
            "started": "/announce?numwant=50&uploaded=0&downloaded=0&event=started&compact=1&info_hash=AG%818%0B%1A.%90%60%85%3D6%CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
            "started as a seed": "/announce?left=0&numwant=50&uploaded=0&downloaded=0&event=started&compact=1&info_hash=%D5%BA%F6%23%E9%0EpCo%A8%01%07D%A8%5C%D9t%A6%9F%97&peer_id=-WW0102-537115640970&port=30016",
            "completed": "/announce?left=0&numwant=50&uploaded=0&downloaded=0&event=completed&compact=1&info_hash=%F8%2C%BA%D8%D0%82%99%19%B9%94o%FD%5BDY%92%B086U&peer_id=-WW0102-1d4502ffc6b0&port=30004",
            "regular": "/announce?numwant=50&uploaded=0&downloaded=0&compact=1&info_hash=AG%818%0B%1A.%90%60%85%3D6%CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
            "stopped": "/announce?numwant=50&uploaded=0&downloaded=0&event=stopped&compact=1&info_hash=AG%818%0B%1A.%90%60%85%3D6%CAP3%D0%E9%B3%17%D4&peer_id=-WW0102-1befcbc2c707&port=30000&left=16384",
            "scrape": "/scrape?info_hash=%2F%AE%E4%28%7E%BDH%60h%A15%FE%F2%7E%9Bdf%1CA%F8",
        },
    },
    "libtorrent 2.0.8": {
        "headers": (
            "Host: {host}\r\n"
            "User-Agent: libtorrent/2.0.8.0\r\n"
            "Accept-Encoding: gzip\r\n"
            "Connection: close\r\n"
        ),
        "host": "127.0.0.1:6969",
        "host over IPv6": "::1:6969",
        "targets": {
            "started": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-KYmCQ0owv7*i&port=27108&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=BA4A9071&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "started as a seed": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-Zq~pRASUKOZX&port=27273&uploaded=0&downloaded=0&left=0&corrupt=0&key=66E1F854&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "completed": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-KYmCQ0owv7*i&port=27108&uploaded=0&downloaded=4194796&left=0&corrupt=0&key=BA4A9071&event=completed&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "regular": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-KYmCQ0owv7*i&port=27108&uploaded=3403575&downloaded=4194796&left=0&corrupt=0&key=BA4A9071&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "stopped": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-LT2080-Zq~pRASUKOZX&port=27273&uploaded=17663920&downloaded=0&left=0&corrupt=0&key=66E1F854&event=stopped&numwant=0&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "scrape": "/scrape?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a",
            "scrape without counts": "/scrape?info_hash=x%93%5b%18%87%e3MNP%05c%5e%f16%01z%9cBW%1d",
            "passkey in the query": "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%f2X%f0I%10%c3f%12L%9e&peer_id=-LT2080-D5vdXJ7cb!~3&port=20854&uploaded=0&downloaded=0&left=0&corrupt=0&key=B3AE2C77&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "key in the path": "/0123456789abcdef0123456789abcdef/announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-LT2080-55tx-H63XVbB&port=21018&uploaded=0&downloaded=0&left=0&corrupt=0&key=72A07A01&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "over IPv6": "/announce?info_hash=%3dY%c3J%87%e6z_%ba%a0Z%e1B%17%13%a2%95%ea%bb%c1&peer_id=-LT2080-LNEfOz1-WV.v&port=26028&uploaded=0&downloaded=0&left=0&corrupt=0&key=A233E96D&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
        },
    },
    "qBittorrent 4.5.2": {
        "headers": (
            "Host: {host}\r\n"
            "User-Agent: qBittorrent/4.5.2\r\n"
            "Accept-Encoding: gzip\r\n"
            "Connection: close\r\n"
        ),
        "host": "127.0.0.1:6969",
        "host over IPv6": "::1:6969",
        "targets": {
            "started": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-qpOwUc7STmaC&port=24330&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=E753ECF2&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "completed": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-qpOwUc7STmaC&port=24330&uploaded=0&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&event=completed&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
            "regular": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-qpOwUc7STmaC&port=24330&uploaded=65536&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
            "stopped": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-qB4520-qpOwUc7STmaC&port=24330&uploaded=65536&downloaded=4194796&left=0&corrupt=0&key=E753ECF2&event=stopped&numwant=0&compact=1&no_peer_id=1&supportcrypto=1&redundant=1867",
            "passkey in the query": "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%f2X%f0I%10%c3f%12L%9e&peer_id=-qB4520-0JTBV0zF1R-L&port=27191&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=550E54BE&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "key in the path": "/0123456789abcdef0123456789abcdef/announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-qB4520-c-aItPM8kQSg&port=31434&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=F079FDDC&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
            "over IPv6": "/announce?info_hash=%3dY%c3J%87%e6z_%ba%a0Z%e1B%17%13%a2%95%ea%bb%c1&peer_id=-qB4520-W1nIKTVeD~Xz&port=24474&uploaded=0&downloaded=0&left=4194796&corrupt=0&key=BEB8A4B7&event=started&numwant=200&compact=1&no_peer_id=1&supportcrypto=1&redundant=0",
        },
    },
    "rTorrent 0.9.8": {
        "headers": (
            "Host: {host}\r\n"
            "User-Agent: rtorrent/0.9.8/0.13.8\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: deflate, gzip, br, zstd\r\n"
        ),
        "host": "127.0.0.1:6969",
        "host over IPv6": "[::1]:6969",
        "targets": {
            "started": "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded=0&left=4194796&event=started",
            "completed": "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded=4194796&left=0&event=completed",
            "regular": "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded=4194796&left=0",
            "stopped": "/announce?info_hash=%FF%1D%D5%2E8%B4%AD%9B%D4%855K%17%E6%C8%FEM%9D%EE%1A&peer_id=-lt0D80-%AB%40%C0%AA%18%C6c%28%FE%2A%BA%87&key=2c0ba833&compact=1&port=24317&uploaded=0&downloaded=4194796&left=0&event=stopped",
            "passkey in the query": "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%E2b%2C%05%E4%C4%99%EB%7F%F2X%F0I%10%C3f%12L%9E&peer_id=-lt0D80-%D4D%11%24%AB%8FI%83-%1F%902&key=37fc0d96&compact=1&port=21378&uploaded=0&downloaded=0&left=4194796&event=started",
            "key in the path": "/0123456789abcdef0123456789abcdef/announce?info_hash=%91%05g%E8%9A%CA%3FN%BA%5F%FD%9F6%2C%0F%09%BB%F4%98%84&peer_id=-lt0D80-%A5%CB%92%209%7D3%DE%15D%17f&key=7a7071f4&compact=1&port=22733&uploaded=0&downloaded=0&left=4194796&event=started",
            "over IPv6": "/announce?info_hash=%3DY%C3J%87%E6z%5F%BA%A0Z%E1B%17%13%A2%95%EA%BB%C1&peer_id=-lt0D80-%9F%91u%5E%04%FA%CB%08%D5%FCL6&key=2aa30f3d&compact=1&port=30719&uploaded=0&downloaded=0&left=4194796&event=started",
        },
    },
    "Transmission 3.00": {
        "headers": (
            "Host: {host}\r\n"
            "User-Agent: Transmission/3.00\r\n"
            "Accept: */*\r\n"
            "Accept-Encoding: deflate, gzip, br, zstd\r\n"
        ),
        "host": "127.0.0.1:6969",
        "host over IPv6": "[::1]:6969",
        "targets": {
            "started": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=0&left=4194796&numwant=80&key=403c3fd1&compact=1&supportcrypto=1&event=started",
            "completed": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=4194796&left=0&numwant=80&key=403c3fd1&compact=1&supportcrypto=1&event=completed",
            "regular": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=0&left=4194796&numwant=80&key=403c3fd1&compact=1&supportcrypto=1",
            "stopped": "/announce?info_hash=%ff%1d%d5.8%b4%ad%9b%d4%855K%17%e6%c8%feM%9d%ee%1a&peer_id=-TR3000-f2gnkzm6zzwb&port=27545&uploaded=0&downloaded=4194796&left=0&numwant=0&key=403c3fd1&compact=1&supportcrypto=1&event=stopped",
            "scrape without counts": "/scrape?info_hash=x%93%5b%18%87%e3MNP%05c%5e%f16%01z%9cBW%1d",
            "passkey in the query": "/announce?passkey=0123456789abcdef0123456789abcdef&info_hash=%16%e2b%2c%05%e4%c4%99%eb%7f%f2X%f0I%10%c3f%12L%9e&peer_id=-TR3000-f2mj9prk9ulh&port=26521&uploaded=0&downloaded=0&left=4194796&numwant=80&key=1fb9a0f7&compact=1&supportcrypto=1&event=started",
            "key in the path": "/0123456789abcdef0123456789abcdef/announce?info_hash=%91%05g%e8%9a%ca%3fN%ba_%fd%9f6%2c%0f%09%bb%f4%98%84&peer_id=-TR3000-ozbeut8h5v66&port=27662&uploaded=0&downloaded=0&left=4194796&numwant=80&key=1f50dafd&compact=1&supportcrypto=1&event=started",
            "over IPv6": "/announce?info_hash=%3dY%c3J%87%e6z_%ba%a0Z%e1B%17%13%a2%95%ea%bb%c1&peer_id=-TR3000-gl03u8234f42&port=24817&uploaded=0&downloaded=0&left=4194796&numwant=80&key=15d7e09d&compact=1&supportcrypto=1&event=started",
        },
    },
}


def raw_request(client, name):
    """The bytes of one request, as they were on the wire."""
    known = CLIENTS[client]
    host = known["host over IPv6"] if name == "over IPv6" else known["host"]
    head = f"GET {known['targets'][name]} HTTP/1.1\r\n" + known["headers"].format(host=host)
    return head.encode() + b"\r\n"
