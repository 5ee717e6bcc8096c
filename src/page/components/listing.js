// A list of the API: a table with search, sorting, pages and the total. The tracker searches and sorts,
// so that the page is as fast with 100,000 torrents as with ten.

import { apiPath, getJson } from "../core/api.js";
import { make, setText } from "../core/dom.js";
import { pluralize } from "../core/format.js";
import { createPager, readPageSize } from "./pager.js";
import { createTable } from "./table.js";
import { createSearch } from "./toolbar.js";

const PAGE_SIZE = 50;
const MANY_PAGES = 5; // a list with more has its pager above, too

/** options: { parts: path of the API, table: options of createTable, search: { label, placeholder }
 * (optional), noun: "torrent" or [singular, plural], pageSize, tallyOf(response): text of the total
 * (optional), state: initial { search, sort, order, show, page, size }, onChange(state), onState(state), refreshNow(), emptyText(state) }. onChange is called
 * after a change by the user, onState also at the start. */
export function createListing(options) {
  const usual = options.pageSize ?? PAGE_SIZE;
  const state = { search: "", sort: "", order: "", show: "", page: 1, size: null, ...options.state };
  const noun = [options.noun].flat();
  const table = createTable({ ...options.table, onSort: (sort, order) => set({ sort, order }) });
  const turns = { onPage: turnTo, onSize: (size) => set({ size: size === usual ? null : size }) };
  const label = `Pages of ${noun[1] ?? `${noun[0]}s`}`;
  const above = createPager(`${label}, above the list`, usual, turns);
  const pager = createPager(label, usual, turns);
  const tally = make("p", { class: "tally", "aria-live": "polite" });
  const search =
    options.search &&
    createSearch(options.search.label, options.search.placeholder, (text) => set({ search: text }));
  const aboveFrame = make("div", { class: "pager-above" }, above.node);
  const node = make("div", { class: "listing" }, table.node, pager.node);
  let reorder = true;
  showState();

  function set(changes) {
    Object.assign(state, { page: 1 }, changes);
    reorder = true;
    showState();
    options.onChange?.(state);
    options.refreshNow();
  }

  function turnTo(page) {
    set({ page });
    if (node.getBoundingClientRect().top < 0) node.scrollIntoView();
  }

  function showState() {
    if (state.sort) table.showSort(state.sort, state.order);
    search?.show(state.search);
    options.onState?.(state);
  }

  async function refresh() {
    const requested = { ...state };
    const { page, size, ...filters } = requested;
    const limit = size ?? usual;
    const query = { ...filters, offset: (page - 1) * limit, limit };
    const response = await getJson(apiPath(options.parts, query));
    const { items, total } = response;
    if (Object.keys(requested).some((name) => requested[name] !== state[name])) return; // outdated
    if (items.length === 0 && total > 0) return turnTo(Math.ceil(total / limit));
    table.show(items, options.emptyText(state), { reorder });
    reorder = false;
    pager.show({ ...query, total });
    above.show({ ...query, total });
    if (total <= MANY_PAGES * limit) aboveFrame.remove();
    else if (!aboveFrame.isConnected) node.prepend(aboveFrame);
    setText(tally, options.tallyOf?.(response) ?? pluralize(total, ...noun));
  }

  return { node, table, search, tally, set, refresh };
}

/** Search, filters and order of a list. On a phone all but the first share a line. */
export function makeToolbar(listing, ...choices) {
  return make(
    "div",
    { class: "toolbar" },
    listing.search.node,
    choices.map(({ node, select }) => [node, select]),
    listing.table.chooser,
  );
}

/** A view of a list: the title and total, a toolbar with search, `choices` and sorting, the list. */
export function makeListView(title, listing, ...choices) {
  return make(
    "div",
    { class: "view" },
    make("header", { class: "view-head" }, make("h1", null, title), listing.tally),
    makeToolbar(listing, ...choices),
    listing.node,
  );
}

/** The state of a list from the query of its URL. `defaults`: the state without a query. */
export function readListState(query, defaults) {
  const state = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, query.get(name) ?? value]),
  );
  const page = Math.max(1, Number.parseInt(query.get("page") ?? "1", 10) || 1);
  return { ...state, page, size: readPageSize(query.get("size")) };
}

/** The query for a state: what differs from the defaults. */
export function writeListState(state, defaults) {
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => value !== defaults[name]));
}
