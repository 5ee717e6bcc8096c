// The card with the announce URLs: the best one large, with its QR code; the others below.

import { makeCopyButton } from "./clipboard.js";
import { createList, make, setText, show } from "../core/dom.js";
import { counted } from "../core/format.js";
import { makeQrButton } from "./qr.js";
import { makeUrlText } from "./url_text.js";

const PLACES = { lan: 0, public: 1, loopback: 4 };
const V6 = 2; // further back than any IPv4 address of the network, but before loopback
const HINTS = { lan: "in your network", public: "public address", loopback: "this machine only" };

const PRIVATE =
  "Clients are refused at these: they need a passkey. Make one under Manage, which shows the URLs with it.";

/** The order in which people want them: the address by which they came here first, IPv4 before IPv6,
 * loopback last. */
export function preferred(urls, hostHere = location.hostname) {
  const place = ({ host, scope }) =>
    (PLACES[scope] ?? 1) +
    (host.includes(":") ? V6 : 0) -
    (host === hostHere && scope !== "loopback" ? 10 : 0);
  return [...urls].sort((one, other) => place(one) - place(other));
}

/** Those of the host that is best, and the rest. */
export function splitPreferred(urls) {
  const sorted = preferred(urls);
  const best = sorted.filter(({ host }) => host === sorted[0]?.host);
  return { best, rest: sorted.filter((url) => !best.includes(url)) };
}

export const countMore = (rest) => counted(rest.length, "more address", "more addresses");

export function createUrlCard() {
  const hint = make("p", { class: "muted" });
  const first = make("ul", { class: "urls" });
  const others = make("ul", { class: "urls urls-other" });
  const summary = make("summary");
  const more = make("details", { class: "help" }, summary, others);
  const node = make(
    "section",
    { class: "card url-card", "aria-labelledby": "urls-title" },
    make(
      "div",
      { class: "card-head" },
      make("h2", { id: "urls-title" }, "Announce URLs"),
      hint,
    ),
    first,
    more,
  );
  const showFirst = createList(first, ({ url }) => url, createUrl);
  const showOthers = createList(others, ({ url }) => url, createUrl);
  return {
    node,
    show(urls, mode) {
      setText(hint, mode === "private" ? PRIVATE : "Put one of them, or all, into your torrents.");
      const { best, rest } = splitPreferred(urls);
      showFirst(best);
      showOthers(rest);
      show(more, rest.length > 0);
      setText(summary, countMore(rest));
    },
  };
}

function createUrl({ url, scheme, scope }) {
  const node = make(
    "li",
    { class: "url" },
    make("span", { class: "scheme" }, scheme.toUpperCase()),
    makeUrlText(url, { class: "url-text" }),
    make("span", { class: "note url-scope" }, HINTS[scope] ?? ""),
    make(
      "span",
      { class: "url-tools" },
      makeCopyButton("announce URL", () => url, { wide: true }),
      makeQrButton("announce URL", () => url),
    ),
  );
  return { node, update() {} };
}
