// Copies text. navigator.clipboard exists only on secure origins, and a tracker on a LAN is usually
// opened over plain HTTP, so there is a fallback to execCommand.

import { make, topDialog } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { notify } from "../core/notices.js";

const DONE_MS = 1800;

/** Resolves to whether the text was copied. */
async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (refusal) {
      // Fall back to execCommand.
    }
  }
  return copyBySelection(text);
}

function copyBySelection(text) {
  const focused = document.activeElement;
  const field = make("textarea", { class: "visually-hidden", readonly: true, "aria-hidden": "true" });
  field.value = text;
  (topDialog() ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus({ preventScroll: true });
  return copied;
}

/** A button that copies `text()`. `what` names the text: "announce URL". */
export function makeCopyButton(what, text, { wide = false } = {}) {
  const label = make("span", { class: wide ? null : "visually-hidden" }, wide ? "Copy" : `Copy ${what}`);
  const mark = make("span", { class: "button-icon" }, icon("copy"));
  const button = make(
    "button",
    {
      type: "button",
      class: wide ? "button" : "icon-button",
      title: `Copy ${what}`,
      "aria-label": wide ? `Copy ${what}` : null,
    },
    mark,
    label,
  );
  let timer = null;
  button.addEventListener("click", async () => {
    if (!(await copyText(text()))) {
      notify("Copy failed. Select the text and copy it manually.", "bad");
      return;
    }
    notify(`Copied ${what}.`);
    mark.replaceChildren(icon("done"));
    button.classList.add("is-done");
    clearTimeout(timer);
    timer = setTimeout(() => {
      mark.replaceChildren(icon("copy"));
      button.classList.remove("is-done");
    }, DONE_MS);
  });
  return button;
}
