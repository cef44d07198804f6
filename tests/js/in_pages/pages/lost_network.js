/** The functions that tests/pages/test_lost_network.py runs in pages. */

export function lose(reaches) {
  const real = window.fetch;
  window.lost = true;
  window.fetch = async (url, options) => {
    const answer = !window.lost || (reaches && String(url).endsWith(reaches)) ? await real(url, options) : null;
    if (window.lost || !answer) throw new TypeError("the network is lost");
    return answer;
  };
}

export function loseMarks() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    if (!String(url).endsWith("/flags")) return real(url, options);
    window.comeBack = () => { window.fetch = real; dispatchEvent(new Event("online")); };
    throw new TypeError("the network is lost");
  };
}

export function comeBackUnnoticed() {
  const real = window.fetch;
  window.lost = false;
  window.fetch = async (url, options) => {
    if (String(url).includes("/config")) throw new TypeError("the network is lost");
    return real(url, options);
  };
}
