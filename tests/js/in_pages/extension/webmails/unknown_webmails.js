/** The functions that tests/extension/webmails/test_unknown_webmails.py runs in pages. */

export function clickRow() {
  const row = document.querySelector(".vpRow[id^=VProw]");
  for (const kind of ["mousedown", "mouseup", "click"]) row?.dispatchEvent(new MouseEvent(kind, { bubbles: true }));
  return Boolean(row);
}
