// Modal dialogs, on the browser's own <dialog>: Escape closes, the focus comes back by itself. None
// outlives the view that it was opened from.

import { make } from "../core/dom.js";
import { whenSent } from "./form.js";
import { icon } from "../core/icons.js";

let opened = 0;

/** Opens one with this title and these children; returns it. It is gone when closed. */
export function openDialog(title, ...children) {
  const id = `dialog-title-${++opened}`; // one dialog may ask from another
  const heading = make("h2", { id }, title);
  const close = make(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Close" },
    icon("close"),
  );
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    make("header", { class: "dialog-head" }, heading, close),
    make("div", { class: "dialog-body" }, children),
  );
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  const leave = () => dialog.close();
  addEventListener("hashchange", leave);
  dialog.addEventListener("close", () => {
    removeEventListener("hashchange", leave);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before something that cannot be undone; resolves to whether it shall be done. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const yes = make("button", { type: "button", class: "button button-danger" }, action);
    const no = make("button", { type: "button", class: "button", autofocus: true }, "Cancel");
    const dialog = openDialog(
      title,
      make("p", null, text),
      make("div", { class: "button-row button-row-end" }, no, yes),
    );
    yes.addEventListener("click", () => dialog.close("yes"));
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

/** Asks for a line of text, and closes when `act(text)` has done with it what it is for; what that
 * throws is said below the field. */
export function openQuestion(title, label, value, action, act) {
  const field = make("input", {
    class: "field",
    id: "dialog-field",
    value,
    autocomplete: "off",
    required: true,
    autofocus: true,
  });
  const button = make("button", { class: "button button-primary" }, action);
  const form = make("form", { class: "stack" }, make("label", { class: "label", for: "dialog-field" }, label), field);
  whenSent(form, field, async () => {
    await act(field.value.trim());
    dialog.close();
  });
  form.append(make("div", { class: "button-row button-row-end" }, button));
  const dialog = openDialog(title, form);
  field.select();
}
