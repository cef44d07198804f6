/** The functions that tests/extension/in_pages/test_mail_form_windows.py runs in pages. */

export function closedRoot(markup) {
  customElements.define("mail-form", class extends HTMLElement {
    connectedCallback() {
      const root = this.attachShadow({ mode: "closed" });
      root.innerHTML = markup;
      root.querySelector("#text").focus();
    }
  });
  document.body.append(document.createElement("mail-form"));
}
