/** The functions that tests/pages/test_housekeeping.py runs in pages. */

export function anActWhoseAnswerIsLostIsNotSaidToHaveChangedNothing() {
  const real = window.fetch;
  window.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (String(url).endsWith("/move")) throw new TypeError("the connection was lost");
    return answer;
  };
}
