// Files dragged onto the page, wherever it is.

/** `onFiles(files)`; `wanted()` says whether files are welcome now. `veil` is shown meanwhile. */
export function acceptDrops(veil, wanted, onFiles) {
  let depth = 0;

  const carriesFiles = (event) => wanted() && event.dataTransfer?.types.includes("Files");

  function enter(by) {
    depth = Math.max(0, depth + by);
    veil.hidden = depth === 0;
  }

  document.addEventListener("dragenter", (event) => carriesFiles(event) && enter(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && enter(-1));
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault(); // or else the browser leaves the page for the file
    enter(-depth);
    onFiles([...event.dataTransfer.files]);
  });
}
