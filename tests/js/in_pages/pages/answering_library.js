const picture = (width, height) => {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d");
  return canvas.transferToImageBitmap();
};
const drawn = (width, height, text) => ({ type: "drawn", page: 1, bitmap: picture(width, height), text });
onmessage = ({ ports: [port] }) => {
  port.onmessage = () => { ANSWER };
  port.postMessage({ type: "ready" });
  port.postMessage({ type: "opened", pages: 1, width: 100, height: 100 });
};
