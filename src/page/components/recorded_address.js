// The address of an event or a completion, which privacy.addresses may reduce.

import { make } from "../core/dom.js";
import { linkTo } from "../core/router.js";

/** A link to the peer's address, with the name of its `machine` if it has one; text for a network, or without
 * an address. */
export function makeRecordedAddress(address, machine = null) {
  if (address === null) return make("span", null, "Address not recorded");
  if (address.includes("/")) return make("span", null, address);
  const title = machine ? address : null;
  return make("a", { href: linkTo("peers", address), title }, machine ?? address);
}
