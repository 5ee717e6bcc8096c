// Where in the page we are, kept in the part of the address behind the "#".

/** { view: "torrents", argument: "ff1d…" or null, query: URLSearchParams } of "#/torrents/ff1d…?a=b". */
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

/** "#/torrents/HASH?show=all"; null and "" in the query are left out. */
export function linkTo(view, argument = null, query = {}) {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const text = new URLSearchParams(given).toString();
  const path = (view === "overview" ? "" : view) + (argument ? `/${encodeURIComponent(argument)}` : "");
  return `#/${path}${text ? `?${text}` : ""}`;
}

export function goTo(link) {
  location.hash = link;
}

/** Remembers how a view is sorted and searched, without a step in the browser's history. */
export function rememberQuery(view, query) {
  history.replaceState(null, "", linkTo(view, null, query));
}
