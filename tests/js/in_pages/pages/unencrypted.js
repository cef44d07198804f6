/** The functions that tests/pages/test_unencrypted.py runs in pages. */

export function sendingUnencryptedAsksInRed(selector) {
  const red = getComputedStyle(document.documentElement).getPropertyValue("--invalid").trim();
  const octets = red.match(/[0-9a-f]{2}/g).map((octet) => parseInt(octet, 16));
  return getComputedStyle(document.querySelector(selector)).backgroundColor === `rgb(${octets.join(", ")})`;
}
