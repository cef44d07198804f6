/** The functions that tests/pages/test_sending_outcomes.py runs in pages. */

export function sendLateInPage() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    if (options?.method !== "POST" || !String(url).endsWith("/api/send")) return real(url, options);
    window.fetch = real;
    window.sendLate = async () => {
      const { outcome, code } = await (await real(url, options)).json();
      return outcome ?? code;
    };
    throw new TypeError("the connection was lost");
  };
}

export async function aSessionThatHasEndedKeepsTheMessageWhichIsThenSentOnce(url) {
  const account = document.querySelector("[data-test=account]").textContent;
  const headers = { "X-Sealwax": "1", "X-Sealwax-Account": account };
  return (await fetch(`${url}/api/session`, { method: "DELETE", credentials: "include", headers })).status;
}
