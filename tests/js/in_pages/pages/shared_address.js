/** The functions that tests/pages/test_shared_address.py runs in pages. */

export function chooseSender(from, address) {
  const select = document.querySelector(from);
  select.value = address;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
