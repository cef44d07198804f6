/** The functions that tests/extension/in_pages/test_reading_pane.py runs in pages. */

export function goTo(uid) {
  location.hash = uid ? `#/folder/folder-id/9/${uid}` : "#/folder/folder-id";
  const shown = document.createElement("p");
  shown.dataset.test = uid ? "reading-locked" : "empty";
  shown.textContent = uid ? `Message ${uid} is encrypted.` : "Choose a message.";
  document.querySelector("[data-test=reading]").replaceChildren(shown);
}

export function beginAnother() {
  const [first] = document.querySelectorAll("[role=dialog]");
  const second = first.cloneNode(true);
  second.querySelector("[role=textbox]").textContent = "For Carol, in clear.";
  first.after(second);
}
