// Runs skepd for a test on a free port, in a temporary directory. SKEPD in the environment names the
// binary.

import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BINARY = path.resolve(ROOT, process.env.SKEPD ?? "build/skepd");
const START_MS = 10000;
const running = new Set();

// Kill all child processes if the test file is aborted.
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/** Kills this child process if the test file is aborted. */
export function watched(child) {
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

export class Skepd {
  /** `config`: text of the configuration file. `database(file)`: prepares the database (optional). */
  constructor({ config = "", database = () => {} } = {}) {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), "skepd-web-"));
    this.config = config;
    this.prepare = database;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get file() {
    return path.join(this.directory, "skep.db");
  }

  static async start(options) {
    const skepd = new Skepd(options);
    skepd.port = await freePort();
    await skepd.prepare(skepd.file);
    fs.writeFileSync(path.join(skepd.directory, "skepd.conf"), skepd.config);
    await skepd.run();
    return skepd;
  }

  async run() {
    const log = fs.openSync(path.join(this.directory, "log"), "a");
    const child = spawn(
      BINARY,
      ["--port", this.port, "--database", this.file, "--config", path.join(this.directory, "skepd.conf")],
      { stdio: ["ignore", log, log], cwd: this.directory },
    );
    fs.closeSync(log);
    this.process = watched(child);
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    await this.accepting();
  }

  /** Stops skepd with SIGTERM, as systemd does. */
  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  async end() {
    this.process.kill("SIGKILL");
    await this.ended;
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  log() {
    return fs.readFileSync(path.join(this.directory, "log"), "utf8");
  }

  async accepting() {
    const deadline = Date.now() + START_MS;
    while (!(await accepts(this.port))) {
      if (this.process.exitCode !== null || Date.now() > deadline)
        throw new Error(`skepd did not start:\n${this.log()}`);
      await sleep(20);
    }
  }
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(0, "0.0.0.0", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
