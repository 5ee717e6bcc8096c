// Instructions to share a file. A new tracker shows them in place of empty plots.

import { make, setText, show } from "../core/dom.js";
import { linkTo } from "../core/router.js";
import { sortUrls } from "../components/announce_urls.js";
import { makeCopyButton } from "../components/clipboard.js";

const CREATE = "Create a torrent in your BitTorrent client.";
const OPEN = `${CREATE} Use this announce URL as its tracker:`;
const PRIVATE = `${CREATE} This tracker is private: use an announce URL with a passkey.`;
const SEED =
  "Start seeding. The seeder appears on this page within a second. Optional: drop the .torrent file on this page to register it. The tracker then shows its name and offers the file for download.";
const DOWNLOAD =
  "Copy the .torrent file to another machine, by email, USB drive or from this page, and open it in a client. The client finds the seeder through this tracker and starts downloading.";

export function createShareSteps() {
  const url = make("code", { class: "copy-text" });
  const create = make("p");
  const copyLine = make(
    "div",
    { class: "copy-line" },
    url,
    makeCopyButton("announce URL", () => url.textContent),
  );
  const passkey = make("a", { class: "button", href: linkTo("manage") }, "Create a passkey");
  const node = make(
    "section",
    { class: "card", "aria-labelledby": "steps-title" },
    make("h2", { id: "steps-title" }, "Share a file in three steps"),
    make(
      "ol",
      { class: "step-list" },
      makeStep("Create a torrent", create, copyLine, passkey),
      makeStep("Seed the file", make("p", null, SEED)),
      makeStep("Download it elsewhere", make("p", null, DOWNLOAD)),
    ),
  );
  return {
    node,
    show(urls, mode) {
      const isPrivate = mode === "private";
      setText(create, isPrivate ? PRIVATE : OPEN);
      setText(url, sortUrls(urls)[0]?.url ?? "");
      show(copyLine, !isPrivate);
      show(passkey, isPrivate);
    },
  };
}

const makeStep = (title, ...content) => make("li", { class: "step" }, make("h3", null, title), content);
