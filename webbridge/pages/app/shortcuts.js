/**
 * The keyboard shortcuts of the mail view, and the page that lists them. No key acts while the person types in a field. A
 * switch in the account view turns the shortcuts off.
 */

import { inSnakeCase } from "../../../wasm_build/ui/catalogue.js";
import { html, openReading } from "../../../wasm_build/ui/dom.js";
import { keepChoice, keptChoices } from "./kept_choice.js";

/** @typedef {import("../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/**
 * @typedef {"next" | "previous" | "extendNext" | "extendPrevious" | "archive" | "delete" | "junk" | "flag" | "unread" | "move"
 *   | "select" | "all" | "undo" | "reply" | "replyAll" | "forward" | "write" | "search" | "go" | "lock" | "help" | "leave"} Command
 */

/** The keys as they are typed, each with its command. @type {Record<string, Command>} */
const KEYS = {
  j: "next", k: "previous", ArrowDown: "next", ArrowUp: "previous", "Shift+ArrowDown": "extendNext", "Shift+ArrowUp": "extendPrevious",
  e: "archive", "#": "delete", Delete: "delete", "!": "junk", s: "flag", u: "unread", m: "move", x: "select", "*": "all", z: "undo",
  r: "reply", a: "replyAll", f: "forward", c: "write", "/": "search", g: "go", l: "lock", "?": "help", Escape: "leave",
};
/** The commands in the order of the help page, with the keys that it names. `send` belongs to the view for writing. @type {[Command | "open" | "send", string[]][]} */
const HELP = [
  ["next", ["j", "↓"]], ["previous", ["k", "↑"]], ["open", ["Enter"]], ["archive", ["e"]], ["delete", ["#", "Del"]], ["junk", ["!"]],
  ["flag", ["s"]], ["unread", ["u"]], ["move", ["m"]], ["select", ["x"]], ["extendNext", ["Shift ↓", "Shift ↑"]], ["all", ["*"]],
  ["undo", ["z"]], ["reply", ["r"]], ["replyAll", ["a"]], ["forward", ["f"]], ["write", ["c"]], ["send", ["Ctrl Enter"]], ["search", ["/"]],
  ["go", ["g"]], ["leave", ["Esc"]], ["lock", ["l"]], ["help", ["?"]],
];
/** The arrow keys, which act in the list only, because elsewhere arrows scroll. */
const IN_LIST = new Set(["ArrowDown", "ArrowUp", "Shift+ArrowDown", "Shift+ArrowUp"]);
const NAME = "sealwax-shortcuts";
const OFF = "off";

/** Whether the shortcuts are on. They are on if the person has not chosen. */
export function hasShortcuts() {
  return !keptChoices(NAME).includes(OFF);
}

/** @param {boolean} isOn @param {boolean} isOwnComputer on another computer only this tab keeps the choice */
export function chooseShortcuts(isOn, isOwnComputer) {
  keepChoice(NAME, isOn ? null : OFF, isOwnComputer);
}

/**
 * Listens for the keys.
 * @param {{isShown: () => boolean, isInList: (target: Element) => boolean, run: (command: Command) => boolean}} view `run`
 *   returns false if a command has nothing to do, so that the browser handles the key
 * @returns {() => void} ends the listening
 */
export function listenForShortcuts({ isShown, isInList, run }) {
  /** @param {KeyboardEvent} event */
  const listen = (event) => {
    const target = event.target instanceof Element ? event.target : document.body;
    if (
      event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey
      || !hasShortcuts() || !isShown() || isTyping(target) || document.querySelector("dialog[open]")
    ) return;
    const key = event.shiftKey && event.key.startsWith("Arrow") ? `Shift+${event.key}` : event.key;
    const command = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (!command || (IN_LIST.has(key) && !isInList(target))) return;
    if (run(command)) event.preventDefault();
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}

/** Lets Control+Enter and Command+Enter submit a form, also from a field where Enter is part of the text. @param {HTMLFormElement} form */
export function submitByKeys(form) {
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) form.requestSubmit();
  });
}

/** Whether letter keys have a meaning in an element: it takes text, or letters choose an entry in it. @param {Element} target */
function isTyping(target) {
  if (target instanceof HTMLInputElement) return target.type !== "checkbox" && target.type !== "radio";
  return target.closest("textarea, select, iframe, [contenteditable], [role=textbox]") !== null;
}

/** Opens the page that lists the keys. @param {Catalogue} translate */
export function openShortcutHelp(translate) {
  const rows = HELP.map(([command, keys]) => html("div", { class: "shortcut" },
    html("dt", {}, ...keys.map((key) => html("kbd", { text: key }))),
    html("dd", { text: translate(`shortcut_${inSnakeCase(command)}`) })));
  openReading(translate, translate("shortcuts_title"), [
    html("p", { class: "note", text: translate("shortcuts_meaning") }), html("dl", { class: "shortcuts" }, ...rows),
  ], { test: "shortcuts-help" });
}
