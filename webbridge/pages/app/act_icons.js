/** The shapes for acts on messages. A word or an accessible name is always beside them. */

import { html, svg } from "../../../wasm_build/ui/dom.js";

/**
 * @typedef {"archive" | "delete" | "move" | "junk" | "flag" | "unread" | "mail" | "search" | "write" | "menu" | "language" | "accounts"
 *   | "sent" | "reply" | "more" | "refresh" | "select" | "threads" | "drafts" | "folder" | "outbox" | "parcel" | "files" | "settings"} ActIcon
 */

/** Lines on a grid of 24 by 24. @type {Record<ActIcon, string[]>} */
const SHAPES = {
  archive: ["M3 4.5h18v4H3z", "M4.5 8.5v11h15v-11", "M9.5 12.5h5"],
  delete: ["M4 6.5h16", "M9 6.5v-3h6v3", "M6 6.5l1 14h10l1-14", "M10 10.5v6", "M14 10.5v6"],
  move: ["M3 18.5v-13h6l2 2.5h10v10.5z", "M9 13h6", "M12.5 10.5L15 13l-2.5 2.5"],
  junk: ["M8 3h8l5 5v8l-5 5H8l-5-5V8z", "M12 7.5v5.5", "M12 16v.3"],
  flag: ["M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6-5.3-2.9L6.7 20l1.1-6L3.4 9.8l6-.8z"],
  unread: ["M2.5 5.5h19v13h-19z", "M2.5 6l9.5 7 9.5-7"],
  mail: ["M2.5 12.5l3-8h13l3 8v7h-19z", "M2.5 12.5h6l1.5 3h4l1.5-3h6"],
  search: ["M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z", "M15.5 15.5L21 21"],
  write: ["M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19z", "M14 6.5l3.5 3.5"],
  menu: ["M4 6.5h16", "M4 12h16", "M4 17.5h16"],
  accounts: ["M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z", "M3 19.5c0-3.5 2.5-5.5 6-5.5s6 2 6 5.5", "M15.5 5a3 3 0 0 1 0 6", "M18 14.3c2 .8 3 2.6 3 5.2"],
  reply: ["M9.5 5.5L3.5 11l6 5.5", "M3.5 11h9c4.5 0 7.5 2.5 8 7.5"],
  more: ["M5 12v.3", "M12 12v.3", "M19 12v.3"],
  refresh: ["M19.5 12a7.5 7.5 0 1 1-2.2-5.3", "M19.5 3.5v4.5H15"],
  select: ["M4 4h16v16H4z", "M8 12l3 3 5.5-6"],
  threads: ["M3 4.5h13v9H8.5L5 16.5v-3H3z", "M18.5 8.5H21v9h-2v3l-3.5-3H10"],
  sent: ["M3 11.5L21 4l-6.5 16.5-3-6.5z", "M21 4l-9.5 10"],
  drafts: ["M5 3.5h9l5 5v12H5z", "M14 3.5v5h5", "M8.5 13h7", "M8.5 16.5h5"],
  folder: ["M3 18.5v-13h6l2 2.5h10v10.5z"],
  outbox: ["M3 14.5v5h18v-5", "M12 15V4", "M8 8l4-4 4 4"],
  parcel: ["M3.5 8v11.5h17V8L12 4z", "M3.5 8l8.5 4 8.5-4", "M12 12v7.5"],
  files: ["M5 3.5h10l4 4v13H5z", "M15 3.5v4h4"],
  settings: ["M4 7h9", "M17 7h3", "M15 5a2 2 0 1 0 0 4 2 2 0 0 0 0-4z", "M4 17h3", "M11 17h9", "M9 15a2 2 0 1 0 0 4 2 2 0 0 0 0-4z"],
  language: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M3 12h18", "M12 3c-5.5 5-5.5 13 0 18", "M12 3c5.5 5 5.5 13 0 18"],
};

/** The shapes with an arrow in the direction of reading. They are mirrored where the text runs from right to left. */
const DIRECTED = new Set(["move", "reply", "sent", "settings"]);

/** @param {ActIcon} name @param {{isFilled?: boolean, size?: number}} [options] */
export function actIcon(name, { isFilled = false, size = 20 } = {}) {
  return svg(
    "svg",
    { class: `mark act-icon${DIRECTED.has(name) ? " directed" : ""}`, viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" },
    ...SHAPES[name].map((d) => svg("path", { d, class: isFilled ? "mark-fill" : "mark-line" })),
  );
}

/**
 * A button that shows an icon only. Its name is that of a screen reader, and appears under the pointer.
 * @param {ActIcon} icon @param {string} name @param {string} test @param {Record<string, unknown>} [properties]
 */
export function iconButton(icon, name, test, properties = {}) {
  return html("button", { type: "button", class: "quiet icon-button", title: name, "aria-label": name, data: { test }, ...properties }, actIcon(icon));
}
