import { add, begin } from "./kit.js";

let saved = "";
customElements.define("site-editor", class extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    this.area = document.createElement("textarea");
    this.area.rows = 8;
    this.area.addEventListener("input", () => { saved = this.area.value; });
    root.append(this.area);
  }
});
const { area } = add("site-editor");
begin({ model: () => saved, write: (text) => { area.value = saved = text; }, undo: () => document.execCommand("undo") });
