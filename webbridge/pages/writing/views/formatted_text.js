/**
 * The field for a letter with few tags, and its toolbar.
 *
 * The browser edits the field, because only the browser's commands can be undone. Pasted and dropped content is first
 * reduced to these tags. To read the words, the field is reduced again, so that nothing else leaves, whatever the browser
 * wrote into the field.
 */

import { html, svg, uniqueId } from "../../../../wasm_build/ui/dom.js";
import { parseMarkup, insertWritten } from "../../../../wasm_build/ui/trusted_markup.js";
import { reduceMarkup, reduceNode } from "../../../../wasm_build/ui/written_markup.js";
import { markupOf } from "../../../../wasm_build/ui/text_markup.js";
import { openLinkDialog } from "../../app/views/link_dialog.js";

/** @typedef {import("../../../../wasm_build/ui/catalogue.js").Catalogue} Catalogue */
/** @typedef {"bold" | "italic" | "bullets" | "numbers" | "quote" | "link"} Format */

/** Lines on a grid of 24 by 24. @type {Record<Format, string[]>} */
const SHAPES = {
  bold: ["M7.5 4.5h5.5a3.6 3.6 0 0 1 0 7.2H7.5z", "M7.5 11.7h6.3a3.9 3.9 0 0 1 0 7.8H7.5z"],
  italic: ["M10 4.5h7", "M7 19.5h7", "M14 4.5l-4 15"],
  bullets: ["M9 6h11", "M9 12h11", "M9 18h11", "M4.5 5.9v.2", "M4.5 11.9v.2", "M4.5 17.9v.2"],
  numbers: ["M10 6h10", "M10 12h10", "M10 18h10", "M3.5 4.5L5 3.5v5", "M3.3 15.7c.3-1.6 3-1.6 3 0 0 1.2-3 2.6-3 4.3h3"],
  quote: ["M4 5v14", "M9 8h11", "M9 12h11", "M9 16h7"],
  link: ["M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1.6 1.6", "M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1.6-1.6"],
};
/** The shapes that are mirrored with the direction of writing. */
const DIRECTED = new Set(["bullets", "quote"]);
/** The keys with Ctrl or Command: a character, or the code of a key that is pressed with Shift too. @type {Record<Format, string>} */
const KEYS = { bold: "b", italic: "i", bullets: "Digit8", numbers: "Digit7", quote: "Digit9", link: "k" };
/** The browser's commands for formats that are on or off. @type {Partial<Record<Format, string>>} */
const COMMANDS = { bold: "bold", italic: "italic", bullets: "insertUnorderedList", numbers: "insertOrderedList" };
const FORMATS = /** @type {Format[]} */ (Object.keys(SHAPES));

export class FormattedText {
  #translate;
  #onInput;
  /** @type {Record<string, HTMLButtonElement>} */
  #buttons;
  /** The field as it was read last. @type {import("../../../../wasm_build/ui/written_markup.js").Written | null} */
  #read = null;
  /** The last place of the caret in the field. @type {Range | null} */
  #place = null;

  /** @param {Catalogue} translate @param {{labelId: string, signal: AbortSignal, onInput: () => void}} options */
  constructor(translate, { labelId, signal, onInput }) {
    this.#translate = translate;
    this.#onInput = onInput;
    const id = uniqueId("formatted");
    this.area = html("div", {
      id, class: "formatted-text", contenteditable: "true", role: "textbox", "aria-multiline": "true", "aria-labelledby": labelId,
      spellcheck: "false", translate: "no", dir: "auto", data: { test: "compose-formatted" },
      on: {
        input: () => this.#changed(), blur: () => this.#selected(), keydown: (event) => this.#pressed(event), beforeinput: (event) => this.#before(event),
        paste: (event) => this.#take(event, event.clipboardData), click: stayHere, auxclick: stayHere,
      },
    });
    this.#buttons = Object.fromEntries(FORMATS.map((format, index) => [format, this.#button(format, index)]));
    this.toolbar = html("div", {
      class: "format-bar", role: "toolbar", "aria-label": translate("formatting"), "aria-controls": id, data: { test: "format-bar" },
      on: { keydown: (event) => this.#walk(event) },
    }, ...Object.values(this.#buttons));
    document.addEventListener("selectionchange", () => this.#selected(), { signal });
  }

  /** The words, as markup of few tags and as text. */
  get written() {
    return (this.#read ??= reduceNode(this.area));
  }

  /** @param {string} markup */
  fill(markup) {
    const { body } = parseMarkup(reduceMarkup(markup).markup || "<p><br></p>");
    this.area.replaceChildren(...Array.from(body.childNodes, (node) => document.importNode(node, true)));
    this.#read = null;
  }

  /** Puts the caret at the end of the paragraph in which the text `before` ends. The field begins with this text. @param {string} before */
  placeCaret(before) {
    const { length } = parseMarkup(markupOf(before)).body.children;
    const block = this.area.children[Math.min(length, this.area.children.length) - 1] ?? this.area.firstElementChild ?? this.area;
    const range = document.createRange();
    range.selectNodeContents(block);
    range.collapse(length === 0);
    this.#place = range;
  }

  focus() {
    const place = this.#place;
    // If the selection were set again, browsers would forget that the next words are to be bold.
    const isHere = this.area.contains(getSelection()?.anchorNode ?? null);
    this.area.focus();
    if (!isHere) this.#select(place);
  }

  /** @param {Format} format @param {number} index */
  #button(format, index) {
    const key = KEYS[format];
    const keys = key.startsWith("Digit") ? `Shift+${key.slice(-1)}` : key.toUpperCase();
    const name = this.#translate(`format_${format}`);
    return html("button", {
      type: "button", class: "quiet", tabindex: index === 0 ? 0 : -1, "aria-label": name, title: name,
      "aria-keyshortcuts": `Control+${keys} Meta+${keys}`, ...(format === "link" ? { "aria-haspopup": "dialog" } : { "aria-pressed": "false" }),
      data: { test: `format-${format}` },
      // A press on the button would remove the selection of the words.
      on: { pointerdown: (event) => event.preventDefault(), mousedown: (event) => event.preventDefault(), click: () => this.#use(format) },
    }, svg("svg", {
      class: `mark${DIRECTED.has(format) ? " directed" : ""}`, viewBox: "0 0 24 24", width: 20, height: 20, "aria-hidden": "true",
    }, ...SHAPES[format].map((d) => svg("path", { d, class: "mark-line" }))));
  }

  /** @param {Format} format */
  #use(format) {
    this.focus();
    // The event about a selection may come after the next one.
    this.#selected();
    // The browsers use elements, which the reduction keeps, instead of styles.
    document.execCommand("styleWithCSS", false, "false");
    document.execCommand("defaultParagraphSeparator", false, "p");
    if (format === "link") return this.#link();
    if (format === "quote") document.execCommand(this.#around("blockquote") ? "outdent" : "indent");
    else document.execCommand(COMMANDS[format] ?? "");
    this.#selected();
  }

  #link() {
    const link = this.#around("a");
    const isOnWords = getSelection()?.isCollapsed === false;
    const place = this.#place;
    openLinkDialog(this.#translate, { address: link?.getAttribute("href") ?? "", asksWords: !link && !isOnWords }, {
      onSet: (address, words) => this.#setLink(link, address, words),
      onClose: () => {
        this.area.focus();
        this.#select(place);
      },
    });
  }

  /** @param {Element | null} link the link that is changed @param {string} address `""` removes it @param {string} words */
  #setLink(link, address, words) {
    if (link) getSelection()?.selectAllChildren(link);
    if (!address) document.execCommand("unlink");
    else if (!words) document.execCommand("createLink", false, address);
    else {
      const anchor = html("a", { href: address, text: words });
      insertWritten(reduceNode({ childNodes: [anchor], nodeType: 1, nodeValue: null }).markup.slice("<p>".length, -"</p>".length));
    }
    getSelection()?.collapseToEnd();
  }

  #changed() {
    this.#read = null;
    // Browsers keep the look of words with styles, which are not sent.
    for (const element of this.area.querySelectorAll("[style]")) element.removeAttribute("style");
    this.#onInput();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const pressed = event.shiftKey ? event.code : event.key.toLowerCase();
    const format = FORMATS.find((candidate) => KEYS[candidate] === pressed);
    if (!format) return;
    event.preventDefault();
    if (format !== "quote" || !this.#around("li")) this.#use(format);
  }

  /** @param {InputEvent} event */
  #before(event) {
    const { inputType } = event;
    if (inputType.startsWith("format") && inputType !== "formatBold" && inputType !== "formatItalic") event.preventDefault();
    else if (event.dataTransfer && inputType !== "insertReplacementText") {
      const [range] = event.getTargetRanges();
      if (range) getSelection()?.setBaseAndExtent(range.startContainer, range.startOffset, range.endContainer, range.endOffset);
      this.#take(event, event.dataTransfer);
    }
  }

  /** Inserts pasted or dropped words, reduced. @param {Event} event @param {DataTransfer | null} transfer */
  #take(event, transfer) {
    if (!transfer) return;
    event.preventDefault();
    const markup = transfer.getData("text/html");
    const reduced = markup ? reduceMarkup(markup).markup : markupOf(transfer.getData("text/plain").replaceAll("\r\n", "\n"));
    if (!reduced) return;
    const end = "</p>";
    // A single paragraph becomes part of the paragraph at the caret.
    const isInside = reduced.startsWith("<p>") && reduced.indexOf(end) === reduced.length - end.length;
    insertWritten(isInside ? reduced.slice("<p>".length, -end.length) : reduced);
  }

  /** Notes the place of the caret, and shows which formats apply there. */
  #selected() {
    const selection = getSelection();
    if (!selection?.rangeCount || !this.area.contains(selection.anchorNode)) return;
    this.#place = selection.getRangeAt(0).cloneRange();
    const isIn = {
      ...Object.fromEntries(Object.entries(COMMANDS).map(([format, command]) => [format, document.queryCommandState(command)])),
      quote: this.#around("blockquote") !== null,
    };
    for (const [format, isOn] of Object.entries(isIn)) this.#buttons[format].setAttribute("aria-pressed", String(isOn));
    // In a list, the browsers would make an inner list instead.
    this.#buttons.quote.disabled = !isIn.quote && this.#around("li") !== null;
    this.#buttons.link.dataset.on = String(this.#around("a") !== null);
  }

  /** The element of the field that is around the caret. @param {string} name @returns {Element | null} */
  #around(name) {
    const { anchorNode = null } = getSelection() ?? {};
    const element = anchorNode instanceof Element ? anchorNode : anchorNode?.parentElement;
    const ancestor = element?.closest(name) ?? null;
    return ancestor && this.area.contains(ancestor) ? ancestor : null;
  }

  /** @param {Range | null} place */
  #select(place) {
    if (!place || !this.area.contains(place.startContainer)) return;
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(place);
  }

  /** Moves the focus from button to button with the arrow keys. @param {KeyboardEvent} event */
  #walk(event) {
    const buttons = Object.values(this.#buttons).filter((button) => !button.disabled);
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const forward = getComputedStyle(this.toolbar).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const backward = forward === "ArrowRight" ? "ArrowLeft" : "ArrowRight";
    const to = { [forward]: at + 1, [backward]: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const next = buttons[(to + buttons.length) % buttons.length];
    for (const button of Object.values(this.#buttons)) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  }
}

/** Does not open a link in the text that is being written. @param {MouseEvent} event */
function stayHere(event) {
  if (event.target instanceof Element && event.target.closest("a")) event.preventDefault();
}
