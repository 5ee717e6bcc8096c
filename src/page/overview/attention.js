// The problems of the tracker, each with its number and a link to the list of it.

import { createList, make, setAttribute, setText, show } from "../core/dom.js";
import { count } from "../core/format.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";
import { makeCard } from "../components/panels.js";
import { addSetAside, countSetAside } from "./set_aside.js";

/** [key, number in the status, link, text after the number (plural), the same for one] */
const PROBLEMS = [
  [
    "unseeded",
    ({ health }) => health?.unseeded,
    linkTo("torrents", null, { show: "unseeded" }),
    "torrents have leechers but no seeder",
    "torrent has leechers but no seeder",
  ],
  [
    "stuck",
    ({ health }) => health?.stuck,
    linkTo("torrents", null, { show: "stuck" }),
    "torrents have firewalled seeders only",
    "torrent has firewalled seeders only",
  ],
  [
    "firewalled",
    ({ machines }) => machines?.firewalled,
    linkTo("peers", null, { show: "unreachable" }),
    "machines are firewalled",
    "machine is firewalled",
  ],
  [
    "refused",
    ({ refused }) => refused,
    linkTo("refused"),
    "announces were refused in the last hour",
    "announce was refused in the last hour",
  ],
];

/** Calls `refreshNow()` after a change. */
export function createAttention(refreshNow) {
  const list = make("ul", { class: "problems" });
  const none = make("p", { class: "no-problems" }, icon("done"), "No problems found");
  const showProblems = createList(list, ({ key }) => key, (problem) => createProblem(problem, refreshNow));
  return {
    node: makeCard("Needs attention", { style: "attention" }, list, none),
    show(status) {
      const problems = findProblems(status);
      showProblems(problems);
      show(list, problems.length > 0);
      show(none, problems.length === 0);
    },
  };
}

/** The warnings of the tracker, such as a database that is not saved, come first. The warning about
 * entries that were set aside names a command: here, it has a button. */
function findProblems(status) {
  const aside = countSetAside(status);
  const texts = (status.warnings ?? []).filter((text) => !aside || !text.includes("skepctl cluster import"));
  const warnings = texts.map((text) => ({ key: text, text }));
  if (aside > 0) {
    const text = aside === 1 ? "entry of this node's database is not in the cluster" : "entries of this node's database are not in the cluster";
    warnings.push({ key: "aside", number: aside, text, action: "Add to cluster", act: addSetAside, status });
  }
  const counted = PROBLEMS.map(([key, numberOf, link, many, one]) => {
    const number = numberOf(status) ?? 0;
    return { key, number, link, text: number === 1 ? one : many };
  });
  return [...warnings, ...counted.filter(({ number }) => number > 0)];
}

function createProblem({ key, link, action }, refreshNow) {
  const number = make("strong");
  const text = make("span");
  const button = action && make("button", { type: "button", class: "button button-small" }, action);
  let shown;
  button?.addEventListener("click", () => shown.act(shown.status, refreshNow));
  const content = [icon("warning"), make("span", null, number, " ", text)];
  const node = make(
    "li",
    { class: "problem", "data-problem": link || action ? key : "warning" },
    link ? make("a", { href: link }, content, icon("next")) : make("p", null, content, button),
  );
  return {
    node,
    update(problem) {
      shown = problem;
      setText(number, problem.number === undefined ? "" : count(problem.number));
      setText(text, problem.text);
      setAttribute(number, "hidden", problem.number === undefined);
    },
  };
}
