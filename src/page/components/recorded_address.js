// The address of an event or a completion, which privacy.addresses may reduce.

import { make } from "../core/dom.js";
import { linkTo } from "../core/router.js";

/** A link to the peer's address; text for a network, or without an address. */
export function makeRecordedAddress(address) {
  if (address === null) return make("span", null, "Address not recorded");
  if (address.includes("/")) return make("span", null, address);
  return make("a", { href: linkTo("peers", address) }, address);
}
