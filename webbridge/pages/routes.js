/** The paths of views, which are in the fragment of the page's address. */

/**
 * @param {string} folder
 * @param {number | null} uid
 */
export function messagePath(folder, uid) {
  return `/folder/${encodeURIComponent(folder)}${uid === null ? "" : `/${uid}`}`;
}
