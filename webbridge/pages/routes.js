/** The addresses of views inside this page. */

/**
 * @param {string} folder
 * @param {number | null} uid
 */
export function messagePath(folder, uid) {
  return `/folder/${encodeURIComponent(folder)}${uid === null ? "" : `/${uid}`}`;
}
