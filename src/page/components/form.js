// Forms that show errors below their fields.

import { make, setAttribute, setText } from "../core/dom.js";

let forms = 0;

/** A field with a label above it. */
export function labelled(label, field) {
  return make("label", { class: "labelled" }, make("span", { class: "label" }, label), field);
}

/** Calls `submit()` when `form` is submitted. If that throws, shows the error below the form and
 * focuses `field`. */
export function onSubmit(form, field, submit) {
  const fault = make("p", { class: "warning-text form-fault", role: "alert", id: `fault-${++forms}` });
  form.append(fault);
  showError("");
  form.addEventListener("input", () => showError(""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault(); // the Content-Security-Policy has form-action 'none'
    showError("");
    try {
      await submit();
    } catch (error) {
      showError(error.message);
      field.focus();
    }
  });

  function showError(message) {
    setText(fault, message);
    setAttribute(field, "aria-invalid", message ? "true" : null);
    setAttribute(field, "aria-describedby", message ? fault.id : null);
  }
}
