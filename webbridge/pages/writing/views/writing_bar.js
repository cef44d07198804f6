/**
 * The bar at the lower edge of the window while a letter is being written. It shows how the letter will be sent, the
 * obstacles, and the button that sends the letter. The bar stays visible above the keyboard of a phone.
 */

import { html } from "../../../../wasm_build/ui/dom.js";

/**
 * @param {HTMLElement} plan the panel with the sentence and the obstacles, which scrolls if it is long
 * @param {HTMLElement[]} rest the error and the buttons
 */
export function createWritingBar(plan, ...rest) {
  const element = html("div", { class: "writing-bar", data: { test: "writing-bar" } }, plan, ...rest);
  const observer = new ResizeObserver(() => {
    // A panel that scrolls must be reachable by keyboard.
    plan.tabIndex = plan.scrollHeight > plan.clientHeight ? 0 : -1;
    // A field that gets the focus is scrolled to a place above the bar.
    document.documentElement.style.scrollPaddingBlockEnd = element.isConnected ? `${element.offsetHeight + 8}px` : "";
  });
  observer.observe(element);
  for (const child of plan.children) observer.observe(child);
  return element;
}
