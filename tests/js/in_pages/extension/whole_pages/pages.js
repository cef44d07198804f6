/** The functions that tests/extension/whole_pages/test_pages.py runs in pages. */

export function aPageIsSavedAsItStands() {
  const make = URL.createObjectURL;
  URL.createObjectURL = (blob) => { window.saved = blob; return make.call(URL, blob); };
  addEventListener("click", (event) => { if (event.target.localName === "a") event.preventDefault(); }, true);
}
