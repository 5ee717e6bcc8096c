// Announces a peer to a node of the DHT (BEP 5).

import crypto from "node:crypto";
import dgram from "node:dgram";
import { once } from "node:events";

const RESPONSE = Buffer.from("1:y1:r");
const TOKEN = Buffer.from("5:token");

/** Resolves after the response. */
export async function announceByDht(nodePort, infoHash, port) {
  const socket = dgram.createSocket("udp4");
  const id = crypto.randomBytes(20);
  const ask = async (query, ...more) => {
    const parts = ["d1:ad2:id20:", id, "9:info_hash20:", infoHash, ...more, `e1:q${query.length}:${query}`, "1:t2:aa1:y1:qe"];
    socket.send(Buffer.concat(parts.map((part) => Buffer.from(part))), nodePort, "127.0.0.1");
    for (;;) {
      const [message] = await once(socket, "message");
      if (message.includes(RESPONSE)) return message; // the node asks, too
    }
  };
  const found = await ask("get_peers");
  const start = found.indexOf(TOKEN) + TOKEN.length;
  const colon = found.indexOf(":", start);
  const token = found.subarray(start, colon + 1 + Number(found.subarray(start, colon)));
  await ask("announce_peer", `4:porti${port}e`, "5:token", token);
  socket.close();
}
