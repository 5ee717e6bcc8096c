// The entry point: shows the view of the current route and refreshes it once a second.

import { ApiError } from "../core/api.js";
import { make, setAttribute, setText, show } from "../core/dom.js";
import { duration, pluralize } from "../core/format.js";
import { icon } from "../core/icons.js";
import { createRefreshTimer } from "../core/refresh_timer.js";
import { currentRoute, goTo, linkTo } from "../core/router.js";
import { currentToken, setToken } from "../core/session.js";
import { createTrackerState } from "../core/tracker_state.js";
import { recolorPlots } from "../components/plot.js";
import { uploadFiles } from "../components/uploads.js";
import { createOverview } from "../overview/view_overview.js";
import { createShareView } from "../overview/view_share.js";
import { createTorrent } from "../torrents/view_torrent.js";
import { createTorrents } from "../torrents/view_torrents.js";
import { createAddress } from "../peers/view_address.js";
import { createPeersView } from "../peers/view_peers.js";
import { createRefused } from "../peers/view_refused.js";
import { createManage } from "../manage/view_manage.js";
import { acceptDrops, listenForKeys } from "./input.js";
import { createAnnouncer, createConnectionStatus } from "./status.js";
import { createThemeButton } from "./theme.js";
import { createSignIn } from "./view_sign_in.js";

const TABS = [
  ["overview", "Overview"],
  ["torrents", "Torrents"],
  ["peers", "Peers"],
  ["manage", "Manage"],
];
const element = (id) => document.getElementById(id);

const main = element("main");
const tracker = createTrackerState(showState);
const connection = createConnectionStatus();
const announce = createAnnouncer(element("summary"));
const timer = createRefreshTimer(refreshPage, handleResult);
let view = null,
  viewId = null, // identifies the shown view; null shows the route's view again
  signInRequested = false;

start();

function start() {
  createThemeButton(element("theme"), recolorPlots);
  element("tabs").append(
    ...TABS.map(([name, label]) =>
      make(
        "a",
        { class: "tab", href: linkTo(name), "data-view": name },
        icon(name),
        make("span", null, label),
      ),
    ),
  );
  element("sign").addEventListener("click", signInOrOut);
  document.querySelector(".skip-link").addEventListener("click", (event) => {
    event.preventDefault(); // the fragment of the URL holds the route
    main.focus();
  });
  listenForKeys();
  acceptDrops(element("drop-overlay"), isAdmin, (files) => {
    goTo(linkTo("manage"));
    uploadFiles(files).then(() => (view.reload ?? timer.runNow)());
  });
  addEventListener("hashchange", () => showRoute(true));
  timer.runNow();
}

function isAdmin() {
  return tracker.state.session?.role === "admin";
}

/** Refreshes the tracker's state and the view. Without a session, the view depends on its result. */
async function refreshPage() {
  const role = tracker.state.session?.role ?? "none";
  if (role === "none") {
    await tracker.refresh();
    if (tracker.state.session === null) return;
    if (viewId === null || tracker.state.session.role !== role) showRoute(false);
    await view.refresh();
  } else {
    await Promise.all([tracker.refresh(), refreshView(view)]);
  }
  showState();
}

function showState() {
  if (!tracker.state.status || !view) return;
  showStatus(tracker.state);
  view.update(tracker.state);
}

/** Ignores the errors of a view that is no longer shown. */
async function refreshView(refreshed) {
  try {
    await refreshed.refresh();
  } catch (failure) {
    if (refreshed === view) throw failure;
  }
}

/** Called after each refresh, with null on success. */
function handleResult(failure) {
  if (connection.report(failure)) tracker.reloadSamples(); // fill the gap
  if (failure && !(failure instanceof ApiError)) console.error(failure); // a bug of the page
  if (failure?.unauthorized) resetSession();
  else if (failure && !failure.unreachable) showError(failure);
  else if (!failure) document.title = titleOf();
}

/** Checks the permissions again: the token or the configuration may have changed. */
function resetSession() {
  tracker.reset();
  viewId = null;
}

function titleOf() {
  const peers = tracker.state.status?.totals.peers;
  return [view?.title, peers !== undefined && pluralize(peers, "peer"), "skep"].filter(Boolean).join(" · ");
}

function showStatus({ status, newEvents }) {
  if (newEvents) connection.ripple();
  setText(element("foot-version"), `skep ${status.version}`);
  setText(element("foot-uptime"), status.uptime_s === undefined ? "" : `Uptime ${duration(status.uptime_s)}`);
  announce(status);
}

/** Shows the view of the current route, unless it is shown already. `navigated`: by the user. */
function showRoute(navigated) {
  const { session } = tracker.state;
  if (session === null) return;
  const route = currentRoute();
  const name = viewFor(session, route);
  const id = [name, route.argument, name === "peers" ? route.query.get("by") : "", session.role].join("/");
  showTabs(session, name);
  if (id === viewId) {
    view.reroute?.(route);
    return;
  }
  viewId = id;
  view?.leave?.();
  view = createView(name, { tracker, route, refreshNow: timer.runNow });
  main.replaceChildren(view.node);
  if (tracker.state.status) view.update(tracker.state);
  if (navigated) focusView();
}

/** Scrolls to the top and focuses the heading, so that screen readers start there. */
function focusView() {
  scrollTo({ top: 0 });
  const heading = main.querySelector("h1");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
  document.title = titleOf();
  timer.runNow();
}

/** The name of the view that a role gets for a route. */
function viewFor({ role }, { view: requested, argument }) {
  if (role === "none" || signInRequested) return "sign-in";
  if (role === "public") return requested === "overview" ? "overview" : "sign-in";
  if (argument && requested === "torrents") return "torrent";
  if (argument && requested === "peers") return "address";
  const known = [...TABS.map(([name]) => name), "share", "refused"];
  return known.includes(requested) ? requested : "overview";
}

function createView(name, context) {
  const creators = {
    overview: createOverview,
    share: createShareView,
    torrents: createTorrents,
    torrent: createTorrent,
    peers: createPeersView,
    address: createAddress,
    refused: createRefused,
    manage: createManage,
    "sign-in": () => createSignIn(context, onSignIn),
  };
  return creators[name](context);
}

function showTabs({ role, by, tokens }, name) {
  const current = { torrent: "torrents", address: "peers", share: "overview", refused: "overview" }[name] ?? name;
  for (const tab of element("tabs").children) {
    setAttribute(tab, "aria-current", tab.dataset.view === current ? "page" : null);
  }
  show(element("tabs"), role === "admin");
  show(element("foot-keys"), role === "admin");
  show(element("foot-share"), role === "admin");
  show(element("sign"), by === "token" || (role === "public" && tokens));
  setText(element("sign"), by === "token" ? "Sign out" : "Sign in");
}

function signInOrOut() {
  if (currentToken() && isAdmin()) setToken(null);
  else if (viewId?.startsWith("sign-in")) leaveSignIn();
  else signInRequested = true;
  resetSession();
  timer.runNow();
}

function leaveSignIn() {
  signInRequested = false;
  goTo(linkTo("overview"));
}

function onSignIn() {
  signInRequested = false;
  resetSession();
  timer.runNow();
}

/** Shows an error in place of the view. Retries the view, and restores it when it succeeds. */
function showError(failure) {
  if (main.querySelector("[data-error]")) return;
  const failed = view;
  const title = failure.status === 404 ? "Not found" : "Request failed";
  const node = make(
    "div",
    { class: "view view-narrow", "data-error": true },
    make(
      "section",
      { class: "card sign-in" },
      make("h1", null, title),
      make("p", { class: "muted" }, failure.message),
      make("a", { class: "button button-primary", href: linkTo("overview") }, "Go to overview"),
    ),
  );
  view = {
    node,
    title,
    update() {},
    leave: failed.leave,
    refresh: () => failed.refresh().then(restore, () => {}),
  };
  const errorView = view;
  main.replaceChildren(node);

  function restore() {
    if (view !== errorView) return;
    view = failed;
    main.replaceChildren(failed.node);
  }
}
