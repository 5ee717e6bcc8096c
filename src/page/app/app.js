// Puts the page together: which view is shown, the heartbeat that keeps it live, who is asking.

import { ApiError } from "../core/api.js";
import { createConnection } from "./connection.js";
import { make, setAttribute, setText, show } from "../core/dom.js";
import { acceptDrops } from "./drop.js";
import { count, duration } from "../core/format.js";
import { icon } from "../core/icons.js";
import { recolorPlots } from "../components/plot.js";
import { currentRoute, goTo, linkTo } from "../core/router.js";
import { currentToken, setToken } from "../core/session.js";
import { listenForKeys } from "./shortcuts.js";
import { createSummary } from "./summary.js";
import { createThemeButton } from "./theme.js";
import { createTicker } from "../core/ticker.js";
import { createTracker } from "../core/tracker.js";
import { uploadFiles } from "../torrents/uploads.js";
import { createAddress } from "../peers/view_address.js";
import { createManage } from "../manage/view_manage.js";
import { createOverview } from "../overview/view_overview.js";
import { createPeersView } from "../peers/view_peers.js";
import { createSignIn } from "./view_sign_in.js";
import { createTorrent } from "../torrents/view_torrent.js";
import { createTorrents } from "../torrents/view_torrents.js";

const TABS = [
  ["overview", "Overview"],
  ["torrents", "Torrents"],
  ["peers", "Peers"],
  ["manage", "Manage"],
];
const element = (id) => document.getElementById(id);

const main = element("main");
const tracker = createTracker();
const connection = createConnection();
const summarize = createSummary(element("summary"));
const ticker = createTicker(beat, report);
let view = null,
  shownAs = null,
  wantsSignIn = false;

start();

function start() {
  createThemeButton(element("theme"), recolorPlots);
  element("tabs").append(
    ...TABS.map(([name, words]) =>
      make(
        "a",
        { class: "tab", href: linkTo(name), "data-view": name },
        icon(name),
        make("span", null, words),
      ),
    ),
  );
  element("sign").addEventListener("click", signInOrOut);
  document.querySelector(".skip-link").addEventListener("click", (event) => {
    event.preventDefault(); // the address after "#" is the view's
    main.focus();
  });
  listenForKeys();
  acceptDrops(element("drop-veil"), isAdmin, (files) => {
    goTo(linkTo("manage"));
    uploadFiles(files).then(ticker.now);
  });
  addEventListener("hashchange", () => showRoute(true));
  ticker.now();
}

function isAdmin() {
  return tracker.known.session?.role === "admin";
}

/** One round: what the tracker says, and what the view wants to know. */
async function beat() {
  const role = tracker.known.session?.role ?? "none";
  if (role === "none") {
    await tracker.refresh();
    if (tracker.known.session === null) return;
    if (shownAs === null || tracker.known.session.role !== role) showRoute(false);
    await view.refresh();
  } else {
    await Promise.all([tracker.refresh(), refreshView(view)]);
  }
  if (tracker.known.status) showStatus(tracker.known);
  if (tracker.known.status) view.update(tracker.known);
}

/** What a view that was left meanwhile cannot have is nobody's concern. */
async function refreshView(asked) {
  try {
    await asked.refresh();
  } catch (failure) {
    if (asked === view) throw failure;
  }
}

function report(failure) {
  if (connection.report(failure)) tracker.forgetSamples();
  if (failure && !(failure instanceof ApiError)) console.error(failure); // a fault of the page's own
  if (failure?.refused) renewSession();
  else if (failure && !failure.lost) showFault(failure);
  else if (!failure) document.title = titleOf();
}

/** The token is no longer good, or the configuration has changed. */
function renewSession() {
  tracker.forget();
  shownAs = null;
}

function titleOf() {
  const peers = tracker.known.status?.totals.peers;
  return `${view?.title ?? "skep"}${peers === undefined ? "" : ` · ${count(peers)} ${peers === 1 ? "peer" : "peers"}`} · skep`;
}

function showStatus({ status, news }) {
  if (news) connection.ripple();
  setText(element("foot-version"), `skep ${status.version}`);
  setText(element("foot-uptime"), status.uptime_s === undefined ? "" : `up for ${duration(status.uptime_s)}`);
  summarize(status);
}

/** Shows the view of the address, unless it is there already. */
function showRoute(byHand) {
  const { session } = tracker.known;
  if (session === null) return;
  const route = currentRoute();
  const name = placeFor(session, route);
  const id = [name, route.argument, name === "peers" ? route.query.get("by") : "", session.role].join("/");
  showTabs(session, name);
  if (id === shownAs) {
    view.reroute?.(route);
    return;
  }
  shownAs = id;
  view?.leave?.();
  view = makeView(name, { tracker, route, refreshNow: ticker.now });
  main.replaceChildren(view.node);
  if (tracker.known.status) view.update(tracker.known);
  if (byHand) arrive();
}

/** A new view begins at its top, and screen readers begin with its heading. */
function arrive() {
  scrollTo({ top: 0 });
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  document.title = titleOf();
  ticker.now();
}

function placeFor({ role }, { view: wanted, argument }) {
  if (role === "none" || wantsSignIn) return "sign-in";
  if (role === "public") return wanted === "overview" ? "overview" : "sign-in";
  if (argument && (wanted === "torrents" || wanted === "peers"))
    return wanted === "torrents" ? "torrent" : "address";
  return TABS.some(([name]) => name === wanted) ? wanted : "overview";
}

function makeView(name, context) {
  const makers = {
    overview: createOverview,
    torrents: createTorrents,
    torrent: createTorrent,
    peers: createPeersView,
    address: createAddress,
    manage: createManage,
    "sign-in": (parts) => createSignIn(parts, signedIn),
  };
  return makers[name](context);
}

function showTabs({ role, by, tokens }, name) {
  const current = { torrent: "torrents", address: "peers" }[name] ?? name;
  for (const tab of element("tabs").children) {
    setAttribute(tab, "aria-current", tab.dataset.view === current ? "page" : null);
  }
  show(element("tabs"), role === "admin");
  show(element("foot-keys"), role === "admin");
  show(element("sign"), by === "token" || (role === "public" && tokens));
  setText(element("sign"), by === "token" ? "Sign out" : "Sign in");
}

function signInOrOut() {
  if (currentToken() && isAdmin()) setToken(null);
  else if (shownAs?.startsWith("sign-in")) leaveSignIn();
  else wantsSignIn = true;
  renewSession();
  ticker.now();
}

function leaveSignIn() {
  wantsSignIn = false;
  goTo(linkTo("overview"));
}

function signedIn() {
  wantsSignIn = false;
  renewSession();
  ticker.now();
}

/** The view asks for something that is not there, and may come: then the view comes back. */
function showFault(failure) {
  if (main.querySelector("[data-fault]")) return;
  const failed = view;
  const node = make(
    "div",
    { class: "view view-narrow", "data-fault": true },
    make(
      "section",
      { class: "card sign-in" },
      make("h1", null, failure.status === 404 ? "Not here" : "This did not work"),
      make("p", { class: "muted" }, failure.message),
      make("a", { class: "button button-primary", href: linkTo("overview") }, "To the overview"),
    ),
  );
  view = {
    node,
    title: "Not here",
    update() {},
    leave: failed.leave,
    refresh: () => failed.refresh().then(comeBack, () => {}),
  };
  const fault = view;
  main.replaceChildren(node);

  function comeBack() {
    if (view !== fault) return;
    view = failed;
    main.replaceChildren(failed.node);
  }
}
