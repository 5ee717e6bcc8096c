// QR codes, drawn by the tracker. They come by fetch, because an <img> cannot carry the token.

import { getText, pathOf } from "../core/api.js";
import { makeCopyButton } from "./clipboard.js";
import { openDialog } from "./dialog.js";
import { make } from "../core/dom.js";
import { icon } from "../core/icons.js";

const LONGEST = 512; // bytes of text that the tracker draws

export function fitsQr(text) {
  return new TextEncoder().encode(text).length <= LONGEST;
}

async function drawInto(image, text) {
  const drawing = await getText(pathOf(["qr.svg"], { text }));
  image.src = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
}

/** A button that shows `text()` large enough for a phone's camera. */
export function makeQrButton(what, text, { wide = false } = {}) {
  const button = make(
    "button",
    {
      type: "button",
      class: wide ? "button" : "icon-button",
      title: `QR code of the ${what}`,
      "aria-label": `Show the QR code of the ${what}`,
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
    "Scan with a phone",
    make("p", { class: "muted" }, `Point its camera here to get the ${what}.`),
    image,
    make(
      "div",
      { class: "copy-line" },
      make("code", { class: "copy-text" }, text),
      makeCopyButton(what, () => text),
    ),
  );
  drawInto(image, text).catch((error) =>
    image.replaceWith(make("p", { class: "warning-text" }, error.message)),
  );
}
