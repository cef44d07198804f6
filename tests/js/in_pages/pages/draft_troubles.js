/** The functions that tests/pages/test_draft_troubles.py runs in pages. */

export function aLostAnswerMakesNoSecondDraft() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (!String(url).endsWith("/drafts") || options?.method !== "POST") return answer;
    window.fetch = real;
    throw new TypeError("the answer is lost");
  };
}

export function nonsenseOfTheServerChangesNothing() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    if (/search$/.test(String(url))) return new Response('{"uidValidity": "x", "messages": {"no": 1}}');
    return real(url, options);
  };
  window.restoreFetch = () => { window.fetch = real; };
}

export function copy(name) {
  const field = document.querySelector(name);
  field.value = "30";
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

export function aBrowserWithoutRoomKeepsTheDraftInTheMailboxAndSaysSo() {
  const put = IDBObjectStore.prototype.put;
  window.restorePut = () => { IDBObjectStore.prototype.put = put; };
  IDBObjectStore.prototype.put = () => { throw new DOMException("no room", "QuotaExceededError"); };
}
