// What a brand-new tracker shows instead of empty plots: how to share a file, in three steps.

import { preferred } from "../components/announce_urls.js";
import { makeCopyButton } from "../components/clipboard.js";
import { make, setText, show } from "../core/dom.js";
import { linkTo } from "../core/router.js";

const CREATE = "In your BitTorrent client, choose a file and create a torrent. As its tracker, paste ";
const OPEN = `${CREATE}this announce URL:`;
const PRIVATE = `${CREATE}an announce URL with a passkey in it: this tracker is private and refuses all others. Making the passkey shows its URLs.`;

export function createShareSteps() {
  const url = make("code", { class: "copy-text" });
  const words = make("p");
  const bare = make(
    "div",
    { class: "copy-line" },
    url,
    makeCopyButton("announce URL", () => url.textContent),
  );
  const passkey = make("a", { class: "button", href: linkTo("manage") }, "Make a passkey");
  const steps = [
    ["Make a torrent", words, [bare, passkey]],
    [
      "Seed it",
      make(
        "p",
        null,
        "Let the client start seeding. It announces itself, and this page shows it within a second. You can drop the .torrent file anywhere on this page, so that the tracker knows its name and hands it out.",
      ),
    ],
    [
      "Open it elsewhere",
      make(
        "p",
        null,
        "Bring the small .torrent file to another machine, by mail, a stick, or from this page, and open it in a client there. The two find each other through this tracker, and the download starts.",
      ),
    ],
  ];
  const node = make(
    "section",
    { class: "card steps", "aria-labelledby": "steps-title" },
    make("h2", { id: "steps-title" }, "Share a file in three steps"),
    make(
      "ol",
      { class: "step-list" },
      steps.map(([title, text, more]) =>
        make("li", { class: "step" }, make("h3", null, title), text, more ?? null),
      ),
    ),
  );
  return {
    node,
    show(urls, mode) {
      setText(words, mode === "private" ? PRIVATE : OPEN);
      setText(url, preferred(urls)[0]?.url ?? "");
      show(bare, mode !== "private");
      show(passkey, mode === "private");
    },
  };
}
