/** The page in which the extension opens a parcel. Its code comes with the extension, so no server can alter it. */
import { byId } from "../../wasm_build/ui/dom.js";
import { startPage } from "../shared/page_start.js";
import { ParcelTab } from "./parcel_tab.js";

const translate = startPage();
const tab = new ParcelTab({ main: byId("main"), place: byId("place"), close: byId("close"), announcer: byId("announcer"), translate });
await tab.start();
