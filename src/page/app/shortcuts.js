// Keys that work anywhere on the page.

/** "/" goes to the search field, Escape leaves it. */
export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key === "/" && !typing) focusSearch(event);
    if (event.key === "Escape" && event.target.matches?.("[data-search]")) event.target.blur();
  });
}

function focusSearch(event) {
  const field = document.querySelector("[data-search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}
