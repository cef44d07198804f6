/** The functions that tests/support/pages/parcel_looks.py runs in pages. */

export function choose([menu, language]) {
  const select = document.querySelector(menu);
  select.value = language;
  select.dispatchEvent(new Event("change"));
}
