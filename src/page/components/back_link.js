// The link above a heading that leads back to a list.

import { make } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { linkTo } from "../core/router.js";

export function makeBackLink(view, text) {
  return make("a", { class: "back-link", href: linkTo(view) }, icon("back"), text);
}
