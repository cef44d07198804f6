/** The functions that tests/support/extension/sogo_pages.py runs in pages. */

export function clickInPage(selector) {
  const button = [...document.querySelectorAll(selector)].at(-1);
  button?.click();
  return Boolean(button);
}

export async function login(userName, password) {
  const body = JSON.stringify({ userName, password, domain: null, language: "English", rememberLogin: 0 });
  const headers = { "content-type": "application/json" };
  return (await fetch("/SOGo/connect", { method: "POST", headers, body })).status;
}
