/**
 * The bar at an edge of a page. It is shown while the person points at something in the page or teaches the extension.
 * The bar is in a closed shadow root above everything else.
 */
import { createElement, findBelow } from "../dom_tree.js";
import { problem, sentenceOf } from "../problems.js";
import { api, fieldsPart, world } from "../world.js";
import { direction, translate } from "../../texts/texts.js";

/** @typedef {{label: string, act: () => void}} Action */

const BAR_STYLE = "all:initial;position:fixed;inset-inline:0;z-index:2147483647;display:flex;flex-wrap:wrap;gap:4px 16px;"
  + "align-items:center;justify-content:center;padding:8px 16px;background:#fff;color:#1d1b19;border-block:3px solid #8c1c2b;"
  + "font:550 16px/1.5 system-ui,sans-serif";
const BUTTON_STYLE = "all:revert;min-height:44px;min-width:44px;padding:8px 16px;border:1px solid #75706a;border-radius:6px;"
  + "background:#fff;color:#8c1c2b;cursor:pointer;font:550 16px/1.5 system-ui,sans-serif";

/** The bar that this document shows. @type {Bar | null} */
let shown = null;

export class Bar {
  #box = createElement("div");
  #root = this.#box.attachShadow({ mode: "closed" });
  #bar = createElement("dialog");
  #line = createElement("span");
  #buttons = createElement("span");
  #end = new AbortController();

  /**
   * Makes a bar, which replaces the last bar. Before `say` is called, the bar has text only in the top frame.
   * @param {string} hint @param {...Action} actions
   */
  constructor(hint, ...actions) {
    closeBar();
    shown = this;
    this.#box.style.cssText = "all:initial";
    this.#bar.style.cssText = BAR_STYLE;
    this.#bar.dir = direction();
    this.#line.setAttribute("role", "status");
    this.#bar.append(this.#line, this.#buttons);
    this.stand("bottom");
    if (window === window.top) this.say(hint, ...actions);
    fieldsPart().boxes.add(this.#box);
    findBelow(document, ":root")[0].append(this.#box);
    // The bar moves away from the pointer.
    this.listen("pointermove", (event) => {
      if (!this.isOwn(event)) this.stand(/** @type {PointerEvent} */ (event).clientY > innerHeight / 2 ? "top" : "bottom");
    });
    this.listen("keydown", (event) => {
      if (/** @type {KeyboardEvent} */ (event).key === "Escape") void stopEverywhere();
    });
  }

  /** Aborts when the bar is closed. */
  get signal() {
    return this.#end.signal;
  }

  /** Shows a sentence and buttons. @param {string} text @param {...Action} actions */
  say(text, ...actions) {
    this.#line.textContent = text;
    this.#buttons.replaceChildren(...actions.map(createButton));
    this.#root.append(this.#bar);
  }

  /** Asks a question above everything, also above a dialog of the page. @param {string} text @param {...Action} actions */
  ask(text, ...actions) {
    this.say(text, ...actions);
    this.#bar.showModal();
  }

  /** Adds an element of the extension beside the bar. @param {HTMLElement} element */
  add(element) {
    this.#root.append(element);
  }

  /** Puts the bar at one edge of the window. @param {"top" | "bottom"} edge */
  stand(edge) {
    this.#bar.style.top = edge === "top" ? "0" : "auto";
    this.#bar.style.bottom = edge === "top" ? "auto" : "0";
  }

  /** Whether an event happens on the bar. The event's path does not show elements in the closed root. @param {Event} event */
  isOwn(event) {
    return event.composedPath()[0] === this.#box;
  }

  /** Listens until the bar is closed. @param {string} type @param {(event: Event) => void} act */
  listen(type, act) {
    world.guard.listen(type, act, { passive: false, signal: this.signal });
  }

  /** Gets the events of clicks and keys before the page does, until the bar is closed. @param {(event: Event) => void} act */
  take(act) {
    world.guard.take((event) => { if (!this.isOwn(event)) act(event); }, this.signal);
  }

  close() {
    this.#end.abort();
    this.#box.remove();
    if (shown === this) shown = null;
  }
}

/** Closes the bar of this document. */
export function closeBar() {
  shown?.close();
}

/** Closes the bars in all frames of the tab. */
export async function stopEverywhere() {
  closeBar();
  await api.runtime.sendMessage({ type: "toolbar.stop", body: {} }).catch(() => {});
}

/** Says in a bar what went wrong. @param {string} code */
export function sayInBar(code) {
  new Bar("").say(sentenceOf(problem(code)), stopAction());
}

/**
 * Asks whether to store what the person has taught. A failure is said in the bar.
 * @param {string} question @param {() => Promise<unknown>} store @param {() => void} done is called after the storing
 */
export function askToKeep(question, store, done) {
  const bar = new Bar("");
  const keep = async () => {
    try {
      await store();
    } catch (error) {
      return bar.say(sentenceOf(error), stopAction());
    }
    bar.close();
    done();
  };
  bar.ask(question, { label: translate("teach_keep"), act: () => void keep() }, stopAction());
}

/** The button that stops everything. @returns {Action} */
export function stopAction() {
  return { label: translate("pick_stop"), act: () => void stopEverywhere() };
}

/** @param {Action} action */
function createButton({ label, act }) {
  const button = createElement("button");
  button.type = "button";
  button.textContent = label;
  button.style.cssText = `${BUTTON_STYLE};margin-inline-end:8px`;
  button.addEventListener("click", (event) => { if (event.isTrusted) act(); });
  return button;
}
