/** The functions that tests/extension/compose/test_attaching.py runs in pages. */

export function dropInPage() {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["08:00 09:00"], "times.txt"));
  const real = Blob.prototype.arrayBuffer;
  Blob.prototype.arrayBuffer = async function () {
    Blob.prototype.arrayBuffer = real;
    await new Promise((resolve) => { window.goOn = resolve; });
    return real.call(this);
  };
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
