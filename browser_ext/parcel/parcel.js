/** The page in which the extension opens a parcel. Its code comes with the extension, so no server can alter it. */
import { startPage } from "../shared/page_start.js";
import { ParcelTab } from "./parcel_tab.js";

const translate = startPage();
const tab = new ParcelTab({ main: byId("main"), place: byId("place"), close: byId("close"), announcer: byId("announcer"), translate });
await tab.start();

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}
