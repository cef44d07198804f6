/**
 * The title of a page: fixed words of the catalogue. Browsers write titles into their history and session files, which
 * remain after a lock. So no title may have a subject, name or file name.
 */

/**
 * Sets the title. No other script sets the title. A catalogue throws for an unknown key, so the title cannot be another text.
 * @param {import("./catalogue.js").Translate | ((key: string) => string)} translate
 * @param {string} key
 * @param {number} [count] of unread messages; shown if there are any
 */
export function setTitle(translate, key, count = 0) {
  const title = `${translate(key)} · Sealwax`;
  const counted = /** @type {import("./catalogue.js").Translate} */ (translate);
  document.title = count > 0 ? counted("title_with_unread", { count, title }) : title;
}
