// QR codes, rendered by the tracker. Loaded by fetch, because an <img> cannot send the token.

import { apiPath, getText } from "../core/api.js";
import { make } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { makeCopyButton } from "./clipboard.js";
import { openDialog } from "./dialog.js";

const TEXT_MAX = 512; // bytes; the tracker rejects longer texts

export function fitsQr(text) {
  return new TextEncoder().encode(text).length <= TEXT_MAX;
}

async function loadQr(image, text) {
  const svg = await getText(apiPath(["qr.svg"], { text }));
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** A button that shows `text()` as a QR code in a dialog. */
export function makeQrButton(what, text, { wide = false } = {}) {
  const button = make(
    "button",
    {
      type: "button",
      class: `qr-button ${wide ? "button" : "icon-button"}`,
      title: "Show QR code",
      "aria-label": `Show QR code of ${what}`,
    },
    icon("qr"),
    wide ? "QR code" : null,
  );
  button.addEventListener("click", () => openQr(what, text()));
  return button;
}

function openQr(what, text) {
  const image = make("img", { class: "qr", alt: `QR code: ${text}`, width: 320, height: 320 });
  openDialog(
    "QR code",
    make("p", { class: "muted" }, `Scan with a phone to get the ${what}.`),
    image,
    make(
      "div",
      { class: "copy-line" },
      make("code", { class: "copy-text" }, text),
      makeCopyButton(what, () => text),
    ),
  );
  loadQr(image, text).catch((error) =>
    image.replaceWith(make("p", { class: "warning-text" }, error.message)),
  );
}
