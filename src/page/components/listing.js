// A list of the API on the page: a table with its search, order, page and tally. The tracker does
// the searching and sorting, so that a hundred thousand torrents are as quick as ten.

import { getJson, pathOf } from "../core/api.js";
import { make } from "../core/dom.js";
import { counted } from "../core/format.js";
import { createPager } from "./pager.js";
import { createTable } from "./table.js";
import { createSearch, createTally } from "./toolbar.js";

const PAGE_SIZE = 50;

/** options: { parts: the API's path, table: createTable's options, search: { label, placeholder } or
 * none, noun: "torrent" or [singular, plural], pageSize, fixed: a query that never changes,
 * state: { search, sort, order, show, page } to begin with, changed(state): what to remember,
 * refreshNow(), nothing(state): what an empty list says }. */
export function createListing(options) {
  const state = { search: "", sort: "", order: "", show: "", page: 1, ...options.state };
  const limit = options.pageSize ?? PAGE_SIZE;
  const noun = [options.noun].flat();
  const table = createTable({ ...options.table, onSort: (sort, order) => set({ sort, order }) });
  const pager = createPager(`Pages of ${noun[1] ?? `${noun[0]}s`}`, turnTo);
  const tally = createTally();
  const search =
    options.search &&
    createSearch(options.search.label, options.search.placeholder, (text) => set({ search: text }));
  const node = make("div", { class: "listing" }, table.node, pager.node);
  let answered = false;
  showState();

  function set(changes) {
    Object.assign(state, { page: 1 }, changes);
    showState();
    options.changed?.(state);
    options.refreshNow();
  }

  function turnTo(page) {
    set({ page });
    scrollTo({ top: 0 });
  }

  function showState() {
    if (state.sort) table.showSort(state.sort, state.order);
    search?.show(state.search);
    options.showState?.(state);
  }

  async function refresh() {
    const asked = { ...state };
    const query = {
      ...options.fixed,
      search: asked.search,
      sort: asked.sort,
      order: asked.order,
      show: asked.show,
      offset: (asked.page - 1) * limit,
      limit,
    };
    const { items, total } = await getJson(pathOf(options.parts, query));
    const outdated = Object.keys(asked).some((name) => asked[name] !== state[name]);
    if (outdated) return;
    if (items.length === 0 && total > 0) return turnTo(Math.ceil(total / limit));
    answered = true;
    table.show(items, options.nothing(state));
    pager.show({ ...query, total });
    tally.show(counted(total, ...noun));
  }

  return { node, table, search, tally, set, refresh, isReady: () => answered };
}
