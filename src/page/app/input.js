// Input that works in every view: keyboard shortcuts and files dropped on the page.

const ROW_STEPS = { ArrowDown: 1, ArrowUp: -1 };

/** "/" focuses the search field, Escape leaves it. Arrow keys move the focus between rows. */
export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (event.key === "/" && !typing) focusSearch(event);
    if (ROW_STEPS[event.key]) moveToRow(event);
    if (event.key === "Escape" && event.target.matches?.("[data-search]")) event.target.blur();
  });
}

/** Moves to the next or previous row: from a row, from the search field, which stands before the first
 * row, or from the page itself. Other elements keep their arrow keys. */
function moveToRow(event) {
  const search = document.querySelector("[data-search]");
  const rows = [...document.querySelectorAll("main a.row-link")].filter((row) => row.checkVisibility());
  if (search?.closest("main")?.contains(rows[0])) rows.unshift(search);
  const from = rows.indexOf(event.target);
  if (from < 0 && !event.target.matches("body, main, h1")) return;
  const first = rows[0] === search ? 1 : 0;
  const next = from < 0 ? (event.key === "ArrowDown" ? rows[first] : null) : rows[from + ROW_STEPS[event.key]];
  if (!next) return;
  event.preventDefault();
  next.focus();
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
