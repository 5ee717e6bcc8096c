// Forms that say below their fields what is wrong.

import { make, setAttribute, setText } from "../core/dom.js";

let faults = 0;

/** When `form` is sent, `act()` does what it is for; what that throws is said below the fields, and
 * `field`, which it is about, has the focus. */
export function whenSent(form, field, act) {
  const fault = make("p", { class: "warning-text form-fault", role: "alert", id: `fault-${++faults}` });
  form.append(fault);
  say("");
  form.addEventListener("input", () => say(""));
  form.addEventListener("submit", async (event) => {
    event.preventDefault(); // a form has no other way than ours: form-action is 'none'
    say("");
    try {
      await act();
    } catch (error) {
      say(error.message);
      field.focus();
    }
  });

  function say(words) {
    setText(fault, words);
    setAttribute(field, "aria-invalid", words ? "true" : null);
    setAttribute(field, "aria-describedby", words ? fault.id : null);
  }
}
