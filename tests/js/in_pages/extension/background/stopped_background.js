/** The functions that tests/extension/background/test_stopped_background.py runs in pages. */

export function noteSaved() {
  const { createObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    window.saved = blob.size;
    return createObjectURL(blob);
  };
}
