// Registers torrents, from .torrent files or by info_hash, and lists the registered ones.

import { send } from "../core/api.js";
import { make, show } from "../core/dom.js";
import { torrentName } from "../core/format.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";
import { labelled, onSubmit } from "../components/form.js";
import { createListing } from "../components/listing.js";
import { makeCard } from "../components/panels.js";
import { textCell } from "../components/table.js";
import { removeTorrent, renameTorrent } from "../components/torrent_actions.js";
import { nameColumn, sizeColumn, torrentLink } from "../components/torrent_columns.js";
import { uploadFiles, uploadResults } from "../components/uploads.js";

export function createRegister(refreshNow) {
  const input = make("input", {
    type: "file",
    class: "visually-hidden",
    id: "files",
    accept: ".torrent,application/x-bittorrent",
    multiple: true,
  });
  input.addEventListener("change", () => {
    uploadFiles([...input.files]).then(refreshNow);
    input.value = "";
  });
  const zone = make(
    "label",
    { class: "drop-zone", for: "files" },
    icon("file"),
    make(
      "span",
      null,
      make("strong", null, "Drop .torrent files"),
      " anywhere on this page, or ",
      make("span", { class: "like-link" }, "choose files"),
      ".",
    ),
    make(
      "span",
      { class: "note" },
      "v1, v2 and hybrid torrents. The tracker shows their names and offers the files with its own announce URL.",
    ),
  );
  return makeCard(
    "Register torrents",
    {},
    input,
    zone,
    uploadResults(),
    make(
      "details",
      { class: "help" },
      make("summary", null, "Register by info_hash or magnet link"),
      makeHashForm(refreshNow),
    ),
  );
}

function makeHashForm(refreshNow) {
  const hash = make("input", {
    class: "field mono",
    name: "info_hash",
    required: true,
    pattern: "[^0-9a-zA-Z]*([0-9a-fA-F]{40}|[mM][aA][gG][nN][eE][tT]:\\?.+)[^0-9a-zA-Z]*",
    title: "40 hexadecimal digits, or a magnet link",
    placeholder: "40 hexadecimal digits, or magnet:?…",
    autocomplete: "off",
    spellcheck: "false",
  });
  const name = make("input", { class: "field", name: "name", autocomplete: "off" });
  const form = make(
    "form",
    { class: "form-line" },
    labelled("info_hash", hash),
    labelled("Name", name),
    make("button", { class: "button button-primary" }, "Register"),
  );
  onSubmit(form, hash, async () => {
    await send("POST", "torrents", { info_hash: hash.value.trim(), name: name.value.trim() });
    notify("Registered torrent.");
    form.reset();
    refreshNow();
  });
  return form;
}

export function createRegistered(refreshNow) {
  const listing = createListing({
    parts: ["torrents"],
    noun: "torrent",
    pageSize: 20,
    state: { sort: "name", order: "asc", show: "registered" },
    search: { label: "Search registered torrents", placeholder: "Name or info_hash" },
    refreshNow,
    emptyText: ({ search }) =>
      search ? `No registered torrents match “${search}”.` : "No registered torrents.",
    table: {
      caption: "Registered torrents",
      key: (torrent) => torrent.info_hash,
      linkOf: torrentLink,
      columns: [
        nameColumn,
        sizeColumn,
        { label: ".torrent file", build: textCell(fileOf) },
        { label: "Actions", hideLabel: true, phone: "first", build: (cell) => buildActions(cell, refreshNow) },
      ],
    },
  });
  const node = makeCard(
    "Registered torrents",
    { style: "flush", head: [listing.tally, listing.search.node] },
    listing.node,
  );
  return { node, refresh: listing.refresh };
}

/** Where the tracker has the file: the view of the torrent shows its path. */
function fileOf({ has_file, file_node, path }) {
  if (path) return "in directory";
  if (file_node) return `at node ${file_node}`;
  return has_file ? "stored" : "–";
}

function buildActions(cell, refreshNow) {
  let torrent = null;
  const rename = make(
    "button",
    { type: "button", class: "icon-button", title: "Rename", "aria-label": "Rename" },
    icon("edit"),
  );
  const remove = make(
    "button",
    { type: "button", class: "icon-button", title: "Unregister", "aria-label": "Unregister" },
    icon("remove"),
  );
  rename.addEventListener("click", () => renameTorrent(torrent, refreshNow));
  remove.addEventListener("click", () => removeTorrent(torrent, refreshNow));
  cell.append(make("span", { class: "row-tools" }, rename, remove));
  return (item) => {
    torrent = item;
    show(rename, !item.path);
    show(remove, !item.path);
    rename.setAttribute("aria-label", `Rename ${torrentName(item)}`);
    remove.setAttribute("aria-label", `Unregister ${torrentName(item)}`);
  };
}
