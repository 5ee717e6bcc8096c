// Announce URLs as text, which long ones break between their parts.

import { make } from "../core/dom.js";

const PARTS = /(?<=[^/])(?=\/[^/])/; // before each "/" but the two behind the scheme

export function makeUrlText(url, attributes) {
  const [first, ...rest] = url.split(PARTS);
  return make(
    "code",
    attributes,
    first,
    rest.map((part) => [make("wbr"), part]),
  );
}
