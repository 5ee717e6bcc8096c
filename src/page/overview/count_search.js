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
    placeholder: "40 hexadecimal digits",
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
    setText(result, formatCounts(await getJson(apiPath(["counts", field.value.trim()]))));
  });
  return { node: makeCard("Find a torrent", {}, form, result) };
}

function formatCounts({ seeders, leechers, downloaded }) {
  const texts = [
    pluralize(seeders, "seeder"),
    pluralize(leechers, "leecher"),
    pluralize(downloaded, "completed download"),
  ];
  return `${texts.join(", ")}.`;
}
