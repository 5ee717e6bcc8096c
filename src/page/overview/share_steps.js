// Instructions to share a file. A new tracker shows them in place of empty plots.

import { make, setText, show } from "../core/dom.js";
import { linkTo } from "../core/router.js";
import { sortUrls } from "../components/announce_urls.js";
import { makeCopyButton } from "../components/clipboard.js";

const CREATE = "In your BitTorrent client, choose a file and create a torrent. As its tracker, paste ";
const OPEN = `${CREATE}this announce URL:`;
const PRIVATE = `${CREATE}an announce URL with a passkey in it: this tracker is private and refuses all others. Making the passkey shows its URLs.`;
const SEED =
  "Let the client start seeding. It announces itself, and this page shows it within a second. You can drop the .torrent file anywhere on this page, so that the tracker knows its name and hands it out.";
const DOWNLOAD =
  "Bring the small .torrent file to another machine, by mail, a stick, or from this page, and open it in a client there. The two find each other through this tracker, and the download starts.";

export function createShareSteps() {
  const url = make("code", { class: "copy-text" });
  const create = make("p");
  const copyLine = make(
    "div",
    { class: "copy-line" },
    url,
    makeCopyButton("announce URL", () => url.textContent),
  );
  const passkey = make("a", { class: "button", href: linkTo("manage") }, "Make a passkey");
  const node = make(
    "section",
    { class: "card", "aria-labelledby": "steps-title" },
    make("h2", { id: "steps-title" }, "Share a file in three steps"),
    make(
      "ol",
      { class: "step-list" },
      makeStep("Make a torrent", create, copyLine, passkey),
      makeStep("Seed it", make("p", null, SEED)),
      makeStep("Open it elsewhere", make("p", null, DOWNLOAD)),
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
