/** The progress of the reading of chosen files. */

import { html } from "../ui/dom.js";

/**
 * @param {import("../ui/catalogue.js").Catalogue} translate
 * @param {import("../ui/message_files.js").MessageFiles} files
 */
export function createReadingProgress(translate, files) {
  const element = html("progress", {
    hidden: true, "aria-label": translate("reading_files"), data: { test: "reading-files" },
  });
  const show = () => {
    const { progress: { done, total }, isReading } = files;
    element.max = Math.max(total, 1);
    element.value = done;
    element.hidden = !isReading;
  };
  files.addEventListener("progress", show);
  files.addEventListener("change", show);
  return element;
}
