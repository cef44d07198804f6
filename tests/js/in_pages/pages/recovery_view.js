/** The functions that tests/pages/test_recovery_view.py runs in pages. */

export function theOwnerSeesOfficersCasesAndWhatToDo(answer) {
  const fetched = window.fetch;
  window.fetch = (url, options) => String(url).endsWith("/recovery")
      ? fetched(url, options).then(() => new Response(answer)) : fetched(url, options);
}
