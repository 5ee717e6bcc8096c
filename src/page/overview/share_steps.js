// Instructions to share a file, for several programs. A new tracker shows them in place of empty lists.

import { make, setText, show } from "../core/dom.js";
import { torrentName } from "../core/format.js";
import { linkTo } from "../core/router.js";
import { sortUrls } from "../components/announce_urls.js";
import { makeCopyButton } from "../components/clipboard.js";
import { machineName } from "../components/machines.js";
import { createChoice } from "../components/toolbar.js";

const HELP_AFTER_MS = 120000;
const REGISTER =
  "Optional: drop the .torrent file on this page to register it. The tracker then shows its name and offers the file for download.";

/** The texts of the steps: create(url), seed and download. */
const PROGRAMS = {
  qbittorrent: {
    label: "qBittorrent",
    create: () =>
      "Open Tools → Torrent Creator and select the file or folder. Paste this URL into “Tracker URLs”, check “Start seeding immediately”, and select “Create Torrent”:",
    seed: "qBittorrent seeds the file as soon as the torrent is created. The seeder appears on this page within a second.",
    download:
      "Copy the .torrent file to another machine and open it there with File → Add Torrent File. The client finds the seeder through this tracker.",
  },
  transmission: {
    label: "Transmission",
    create: () =>
      "Open File → New (macOS: File → Create Torrent File) and select the file or folder. Paste this URL into “Trackers”, and save the .torrent file:",
    seed: "Open the .torrent file in Transmission and select the folder that contains the file. Transmission verifies the file and seeds it.",
    download:
      "Copy the .torrent file to another machine and open it there with File → Open. The client finds the seeder through this tracker.",
  },
  command: {
    label: "Command line",
    create: (url) => `skepctl create FILE --announce ${url || "URL"} --output FILE.torrent`,
    seed: "aria2c --check-integrity=true --seed-ratio=0 --dir=FOLDER FILE.torrent",
    download: "aria2c FILE.torrent",
  },
};
const COMMAND = "command";
const PRIVATE = "This tracker is private: use an announce URL with a passkey as the tracker URL.";
const HELP = [
  "The announce URL of the torrent must be exactly the one above. Clients show the tracker’s answer: in qBittorrent on the tab Trackers.",
  "The client’s machine must reach this machine: open the announce URL in its browser. If there is no answer, allow the tracker’s port (TCP and UDP) in this machine’s firewall.",
  "Magnet links without a tracker, and torrents whose tracker is disabled, do not announce here.",
];

export function createShareSteps() {
  const url = make("code", { class: "copy-text" });
  const copyLine = make(
    "div",
    { class: "copy-line" },
    url,
    makeCopyButton("announce URL", () => url.textContent),
  );
  const passkey = make("a", { class: "button", href: linkTo("manage") }, "Create a passkey");
  const privateHint = make("p", null, PRIVATE);
  const programs = createChoice(
    "Program",
    Object.entries(PROGRAMS).map(([name, { label }]) => [name, label]),
    choose,
    true,
  );
  const texts = { create: createInstruction(), seed: createInstruction(), download: createInstruction() };
  const waiting = createFirstClient();
  const node = make(
    "section",
    { class: "card", "aria-labelledby": "steps-title" },
    make(
      "div",
      { class: "card-head" },
      make("h2", { id: "steps-title" }, "Share a file in three steps"),
      programs.node,
    ),
    make(
      "ol",
      { class: "step-list" },
      makeStep("Create a torrent", texts.create.node, copyLine, privateHint, passkey),
      makeStep("Seed the file", texts.seed.node, make("p", { class: "note" }, REGISTER)),
      makeStep("Download it elsewhere", texts.download.node),
    ),
    waiting.node,
  );
  let program = "qbittorrent";
  choose(program);

  function choose(chosen) {
    program = chosen;
    programs.show(program);
    const { create, seed, download } = PROGRAMS[program];
    const isCommand = program === COMMAND;
    texts.create.show(create(url.textContent), isCommand);
    texts.seed.show(seed, isCommand);
    texts.download.show(download, isCommand);
  }

  return {
    node,
    show({ status, events }) {
      const isPrivate = status.mode === "private";
      setText(url, isPrivate ? "" : (sortUrls(status.urls ?? [])[0]?.url ?? ""));
      for (const hint of [privateHint, passkey]) show(hint, isPrivate);
      show(copyLine, !isPrivate);
      choose(program);
      waiting.show(events);
    },
  };
}

const makeStep = (title, ...content) => make("li", { class: "step" }, make("h3", null, title), content);

/** A text, or a command to copy. */
function createInstruction() {
  const text = make("p");
  const command = make("code", { class: "copy-text" });
  const line = make(
    "div",
    { class: "copy-line" },
    command,
    makeCopyButton("command", () => command.textContent),
  );
  return {
    node: [text, line],
    show(instruction, isCommand) {
      setText(isCommand ? command : text, instruction);
      show(line, isCommand);
      show(text, !isCommand);
    },
  };
}

/** A line that waits for a client, with help after some time. */
function createFirstClient() {
  const started_ms = Date.now();
  const text = make("p", { role: "status" });
  const help = make(
    "div",
    { hidden: true },
    make("h3", null, "No client yet?"),
    make(
      "ul",
      { class: "hints" },
      HELP.map((hint) => make("li", null, hint)),
    ),
  );
  const node = make("div", { class: "first-client" }, text, help);
  return {
    node,
    show(events) {
      const joined = events.find(({ kind }) => kind === "joined" || kind === "completed");
      node.dataset.state = joined ? "found" : "wait";
      setText(text, joined ? formatClient(joined) : "Waiting for the first client…");
      show(help, !joined && Date.now() - started_ms > HELP_AFTER_MS);
    },
  };
}

function formatClient(event) {
  const place = event.address ? ` at ${machineName(event)}` : "";
  const verb = event.role === "leecher" ? "downloading" : "seeding";
  return `${event.client || "A client"}${place} is ${verb} ${torrentName(event)}`;
}
