/** The functions that tests/support/browser/residue/lab.py runs in pages. */

export async function childrenCollect() {
  const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
  for (let round = 0; round < 3; round += 1) {
    Cu.forceGC();
    Cu.forceCC();
    for (const request of ["child-gc-request", "child-cc-request", "child-mmu-request"]) {
      Services.obs.notifyObservers(null, request);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
