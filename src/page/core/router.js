// The current view, kept in the fragment of the URL.

import { queryString } from "./api.js";

/** Parses "#/torrents/ff1d…?a=b" into { view, argument (null if absent), query: URLSearchParams }. */
export function currentRoute() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", argument = ""] = path.split("/");
  return { view: view || "overview", argument: decode(argument) || null, query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch (malformed) {
    return text;
  }
}

/** "#/torrents/HASH?show=all". Null and "" in the query are left out. */
export function linkTo(view, argument = null, query = {}) {
  const text = queryString(query);
  const path = (view === "overview" ? "" : view) + (argument ? `/${encodeURIComponent(argument)}` : "");
  return `#/${path}${text ? `?${text}` : ""}`;
}

export function goTo(link) {
  location.hash = link;
}

/** Stores the search and order of a view in the URL without a new entry in the browser's history. */
export function rememberQuery(view, query) {
  history.replaceState(null, "", linkTo(view, null, query));
}
