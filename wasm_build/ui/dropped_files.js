/** Files that are dropped on the page. */

/**
 * Accepts files that are dropped anywhere on the page. Otherwise the browser would show the file instead of the letter.
 * @param {(files: File[]) => void} onFiles
 * @param {{signal?: AbortSignal, isWanted?: () => boolean}} [options] `isWanted` says whether the letter is shown
 */
export function takeDroppedFiles(onFiles, { signal, isWanted = () => true } = {}) {
  addEventListener("dragover", (event) => { if (isWanted()) event.preventDefault(); }, { signal });
  addEventListener("drop", (event) => {
    if (!isWanted()) return;
    event.preventDefault();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  }, { signal });
}
