// What clients report to have transferred.

import { make, setAttribute, setText } from "../core/dom.js";
import { rate, rateOrDash } from "../core/format.js";

/** On two lines, as the values are. */
export const TRAFFIC_LABEL = "↑ Upload\n↓ Download";

/** Upload above download. */
export function buildTraffic(cell) {
  const upload = make("span", { class: "rate" });
  const download = make("span", { class: "rate" });
  cell.append(make("span", { class: "rates" }, upload, download));
  return ({ upload_rate, download_rate }) => {
    setText(upload, `↑\u00a0${rateOrDash(upload_rate)}`);
    setText(download, `↓\u00a0${rateOrDash(download_rate)}`);
    setAttribute(upload, "title", `Upload ${rate(upload_rate)}`);
    setAttribute(download, "title", `Download ${rate(download_rate)}`);
  };
}
