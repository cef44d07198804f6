/** The paths of views, which are in the fragment of the page's address. A folder is named by its id from the bridge. */

/**
 * The address of a message. The UID is valid as long as the folder has this UIDVALIDITY.
 * @typedef {{folder: string, uidValidity: number, uid: number}} MessageAddress
 */

/** The word for the inbox, whose id is not known before the folders are loaded. */
export const INBOX = "inbox";

/** @param {string} folder an id, or `INBOX` */
export function folderPath(folder) {
  return `/folder/${encodeURIComponent(folder)}`;
}

/** @param {MessageAddress} address */
export function messagePath({ folder, uidValidity, uid }) {
  return `${folderPath(folder)}/${uidValidity}/${uid}`;
}

/**
 * The address of the message in the parts of a path, or null if the path names a folder.
 * @param {string} folder
 * @param {string} uidValidity
 * @param {string} uid
 * @returns {MessageAddress | null}
 */
export function messageAddress(folder, uidValidity, uid) {
  const isAddress = /^\d{1,10}$/.test(uidValidity) && /^\d{1,10}$/.test(uid);
  return isAddress ? { folder, uidValidity: Number(uidValidity), uid: Number(uid) } : null;
}

/**
 * @param {MessageAddress | null} one
 * @param {MessageAddress | null} other
 */
export function isSameMessage(one, other) {
  return one === other || (one !== null && other !== null && messagePath(one) === messagePath(other));
}

/** Whether the page's address names the view that unlocks the keys, or their settings. */
export function isAtKeys() {
  return /^#\/(?:settings\/)?keys(?:\/|$)/.test(location.hash);
}

/**
 * Shows the view again after a click on a link to the present address. Browsers ignore such a click.
 * @param {MouseEvent} event
 * @param {(path: string) => void} navigate
 */
export function followAgain(event, navigate) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (link && link.hash === location.hash) navigate(link.hash.slice(1));
}
