// The search of the public page: the counts of one torrent by its info_hash.

import { apiPath, getJson } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { pluralize } from "../core/format.js";
import { labelled, onSubmit } from "../components/form.js";
import { makeCard } from "../components/panels.js";

export function createCountSearch() {
  const field = make("input", {
    class: "field",
    type: "search",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "40 hexadecimal digits, or magnet:?…",
    required: true,
    "data-search": true,
  });
  const result = make("p", { role: "status" });
  const form = make(
    "form",
    { class: "stack", role: "search", "aria-label": "Torrent" },
    labelled("info_hash", field),
    make("button", { class: "button button-primary" }, "Search"),
  );
  onSubmit(form, field, async () => {
    setText(result, "");
    setText(result, formatCounts(await getJson(apiPath(["counts", torrentOf(field.value)]))));
  });
  return { node: makeCard("Find a torrent", {}, form, result) };
}

/** A magnet link without its name and announce URLs is short enough for a path. */
function torrentOf(text) {
  const topic = /\bxt(\.\d+)?=urn(:|%3a)bt[im]h(:|%3a)\w+/i.exec(text);
  return topic ? `magnet:?${topic[0]}` : text.trim();
}

function formatCounts({ seeders, leechers, downloaded }) {
  const texts = [
    pluralize(seeders, "seeder"),
    pluralize(leechers, "leecher"),
    pluralize(downloaded, "completed download"),
  ];
  return `${texts.join(", ")}.`;
}
