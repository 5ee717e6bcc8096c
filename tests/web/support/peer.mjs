// A BitTorrent client as a tracker sees it, and .torrent files to upload.

import crypto from "node:crypto";
import http from "node:http";
import net from "node:net";

let nextPort = 21000;

export class Peer {
  constructor(
    skepd,
    {
      infoHash = crypto.randomBytes(20),
      left = 1000,
      client = "-qB4520-",
      source = "127.0.0.1",
      key = "",
    } = {},
  ) {
    Object.assign(this, { skepd, infoHash, left, source, key, uploaded: 0, downloaded: 0 });
    this.port = nextPort++;
    this.peerId = Buffer.concat([Buffer.from(client), crypto.randomBytes(20 - client.length)]);
  }

  get hash() {
    return this.infoHash.toString("hex");
  }

  /** Accepts connections, so that the tracker finds the peer reachable. */
  async listen() {
    this.server = net.createServer((socket) => socket.destroy());
    await new Promise((resolve) => this.server.listen(this.port, this.source, resolve));
    this.server.unref();
  }

  /** Resolves after the response. */
  announce(event = "") {
    const query =
      `info_hash=${escaped(this.infoHash)}&peer_id=${escaped(this.peerId)}&port=${this.port}&left=${this.left}` +
      `&uploaded=${this.uploaded}&downloaded=${this.downloaded}&compact=1&key=${this.key}${event && `&event=${event}`}`;
    return new Promise((resolve, reject) => {
      const options = {
        host: this.source.includes(":") ? "::1" : "127.0.0.1",
        port: this.skepd.port,
        path: `/announce?${query}`,
        localAddress: this.source,
        agent: false,
      };
      http.get(options, (response) => response.resume().once("end", resolve)).once("error", reject);
    });
  }
}

function escaped(bytes) {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** A v1 .torrent of a single file. */
export function torrentFile(name, size = 100000) {
  const pieces = crypto.randomBytes(20 * Math.ceil(size / 65536));
  const text = (value) => `${Buffer.byteLength(value)}:${value}`;
  return Buffer.concat([
    Buffer.from(
      `d4:infod6:lengthi${size}e${text("name")}${text(name)}${text("piece length")}i65536e6:pieces${pieces.length}:`,
    ),
    pieces,
    Buffer.from("ee"),
  ]);
}
