/** The functions that tests/pages/test_attaching.py runs in pages. */

export function dropInPage(kind) {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["08:00 09:00"], "times.txt"));
  const real = Blob.prototype.arrayBuffer;
  Blob.prototype.arrayBuffer = async function () {
    Blob.prototype.arrayBuffer = real;
    if (kind === "gone") throw new DOMException("gone", "NotFoundError");
    if (kind === "slow") await new Promise((resolve) => { window.goOn = resolve; });
    return real.call(this);
  };
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
