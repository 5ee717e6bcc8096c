// Announce URLs: their order, and the card that lists them with QR codes.

import { createList, make, setAttribute, setText, show } from "../core/dom.js";
import { pluralize } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";
import { makeCopyButton } from "./clipboard.js";
import { makeCard } from "./panels.js";
import { makeQrButton } from "./qr.js";

const SCOPE_RANKS = { lan: 0, public: 1, loopback: 4 };
const V6_RANK = 2; // after all IPv4 addresses of the network, before loopback
const SCOPE_LABELS = { lan: "Local network", public: "Public address", loopback: "This machine only" };
const PATH_SEPARATORS = /(?<=[^/])(?=\/[^/])/; // each "/" except the two after the scheme

const HINT = "Add one or more of these to your torrents.";
const PRIVATE_HINT =
  "Announces without a passkey are rejected. Create a passkey under Manage to get its announce URLs.";

/** Sorts the URLs: first the address that this page was opened at, IPv4 before IPv6, loopback last. */
export function sortUrls(urls, pageHost = location.hostname) {
  const rank = ({ host, scope }) =>
    (SCOPE_RANKS[scope] ?? 1) +
    (host.includes(":") ? V6_RANK : 0) -
    (host === pageHost && scope !== "loopback" ? 10 : 0);
  return [...urls].sort((one, other) => rank(one) - rank(other));
}

/** { best: the URLs of the best host, rest: all others }. */
export function splitUrls(urls) {
  const sorted = sortUrls(urls);
  const best = sorted.filter(({ host }) => host === sorted[0]?.host);
  return { best, rest: sorted.filter((url) => !best.includes(url)) };
}

export const countMore = (rest) => pluralize(rest.length, "more URL");

/** A URL as text that may wrap between its parts. */
export function makeUrlText(url, attributes) {
  const [first, ...rest] = url.split(PATH_SEPARATORS);
  return make(
    "code",
    attributes,
    first,
    rest.map((part) => [make("wbr"), part]),
  );
}

/** The card is a single row until it is opened, if it is shown as such. */
export function createUrlCard() {
  const hint = make("p", { class: "muted" });
  const toggle = make(
    "button",
    { type: "button", class: "button", onclick: () => showAs({ opened: !opened }) },
    icon("down"),
    make("span", null),
  );
  const help = make("a", { href: linkTo("share") }, "How to share a file");
  const first = make("ul");
  const others = make("ul", { class: "urls-other" });
  const summary = make("summary");
  const more = make("details", { class: "help" }, summary, others);
  const node = makeCard("Announce URLs", { style: "url-card", head: [hint, help] }, first, more, toggle);
  const showFirst = createList(first, ({ url }) => url, createUrlItem);
  const showOthers = createList(others, ({ url }) => url, createUrlItem);
  let row = false,
    opened = false;

  function showAs(changes) {
    ({ row, opened } = { row, opened, ...changes });
    node.classList.toggle("is-row", row && !opened);
    show(toggle, row);
    setAttribute(toggle, "aria-expanded", opened);
    setText(toggle.lastChild, opened ? "Show less" : "Show all");
  }

  return {
    node,
    /** `asRow`: show a single row until the user opens the card. QR codes and help are for admins. */
    show(urls, mode, { asRow, isAdmin }) {
      node.classList.toggle("without-qr", !isAdmin);
      show(help, isAdmin && asRow);
      showAs({ row: asRow });
      setText(hint, mode === "private" ? PRIVATE_HINT : HINT);
      const { best, rest } = splitUrls(urls);
      showFirst(best);
      showOthers(rest);
      show(more, rest.length > 0);
      setText(summary, countMore(rest));
    },
  };
}

function createUrlItem({ url, scheme, scope }) {
  const node = make(
    "li",
    { class: "url" },
    make("span", { class: "scheme" }, scheme.toUpperCase()),
    makeUrlText(url, { class: "url-text" }),
    make("span", { class: "note url-scope" }, SCOPE_LABELS[scope] ?? ""),
    make(
      "span",
      { class: "url-tools" },
      makeCopyButton("announce URL", () => url, { wide: true }),
      makeQrButton("announce URL", () => url),
    ),
  );
  return { node, update() {} };
}
