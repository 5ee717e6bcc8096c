// Modal dialogs, based on <dialog>: Escape, a click beside them and a change of view close them, and the
// browser restores the focus.

import { make } from "../core/dom.js";
import { icon } from "../core/icons.js";
import { onSubmit } from "./form.js";

let dialogs = 0;

/** Opens a dialog and returns it. It is removed from the document when closed. */
export function openDialog(title, ...children) {
  const close = make(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Close" },
    icon("close"),
  );
  const dialog = showDialog(title, close, children);
  const closeDialog = () => dialog.close();
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  close.addEventListener("click", closeDialog);
  addEventListener("hashchange", closeDialog);
  dialog.addEventListener("close", () => removeEventListener("hashchange", closeDialog));
  return dialog;
}

/** Opens a dialog that only its button `action` closes: its content cannot be shown again. */
export function openLastingDialog(title, action, ...children) {
  const done = make("button", { type: "button", class: "button button-primary" }, action);
  const dialog = showDialog(
    title,
    null,
    children,
    make("div", { class: "button-row button-row-end" }, done),
  );
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.preventDefault());
  done.addEventListener("click", () => dialog.close());
}

function showDialog(title, tool, ...children) {
  const id = `dialog-title-${++dialogs}`; // dialogs may be nested
  const heading = make("h2", { id }, title);
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": id },
    make("header", { class: "dialog-head" }, heading, tool),
    make("div", { class: "dialog-body" }, children),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Asks before an action that cannot be undone. Resolves to whether the user confirmed it. */
export function confirmAction(title, text, action) {
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

/** Asks for a line of text. Closes after `submit(text)`; if that throws, shows the error instead. */
export function openPrompt(title, label, value, action, submit) {
  const field = make("input", {
    class: "field",
    id: "dialog-field",
    value,
    autocomplete: "off",
    required: true,
    autofocus: true,
  });
  const button = make("button", { class: "button button-primary" }, action);
  const form = make(
    "form",
    { class: "stack" },
    make("label", { class: "label", for: "dialog-field" }, label),
    field,
  );
  onSubmit(form, field, async () => {
    await submit(field.value.trim());
    dialog.close();
  });
  form.append(make("div", { class: "button-row button-row-end" }, button));
  const dialog = openDialog(title, form);
  field.select();
}
