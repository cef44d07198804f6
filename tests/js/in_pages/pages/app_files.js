/** The functions that tests/pages/test_app_files.py runs in pages. */

export async function installInPage() {
  await files.install();
  await navigator.serviceWorker.ready;
  return files.state;
}

export function aPageThatTheExtensionHasCheckedGetsNoWorker() {
  const mark = document.createElementNS("http://www.w3.org/1999/xhtml", "meta");
  mark.name = "sealwax-checked";
  document.documentElement.append(mark);
}
