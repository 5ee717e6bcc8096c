// How to share a file, for later: a new tracker shows the same on its overview.

import { make } from "../core/dom.js";
import { makeBackLink } from "../components/back_link.js";
import { createShareSteps } from "./share_steps.js";

export function createShareView() {
  const steps = createShareSteps();
  const node = make(
    "div",
    { class: "view" },
    make(
      "header",
      { class: "torrent-head" },
      makeBackLink("overview", "Overview"),
      make("h1", null, "How to share a file"),
    ),
    steps.node,
  );
  return { node, title: "How to share a file", refresh: async () => {}, update: steps.show };
}
