// Input that works in every view: keyboard shortcuts and files dropped on the page.

/** "/" focuses the search field, Escape leaves it. */
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

/** Calls `onFiles(files)` for dropped files if `accepts()` is true. `overlay` is shown while files are
 * dragged over the page. */
export function acceptDrops(overlay, accepts, onFiles) {
  let depth = 0; // dragenter and dragleave are sent for each nested element

  const carriesFiles = (event) => accepts() && event.dataTransfer?.types.includes("Files");

  function changeDepth(by) {
    depth = Math.max(0, depth + by);
    overlay.hidden = depth === 0;
  }

  document.addEventListener("dragenter", (event) => carriesFiles(event) && changeDepth(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && changeDepth(-1));
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // the browser would open the file
    changeDepth(-depth);
    onFiles([...event.dataTransfer.files]);
  });
}
