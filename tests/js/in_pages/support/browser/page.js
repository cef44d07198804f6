/** The functions that tests/support/browser/page.py runs in pages. */

export function aim(selector) {
  const element = document.querySelector(selector);
  if (!element) return { problem: "is not there" };
  element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  const box = element.getBoundingClientRect();
  if (!box.width || !box.height) return { problem: "has no size" };
  const x = Math.floor(box.left + box.width / 2), y = Math.floor(box.top + box.height / 2);
  const hit = document.elementFromPoint(x, y);
  const labelled = hit?.closest("label")?.control === element;
  if (!hit || !(element.contains(hit) || labelled)) return { problem: `is covered by ${hit?.outerHTML.slice(0, 80)}` };
  if (element.disabled) return { problem: "is disabled" };
  const agrees = element.dataset.agrees !== undefined;
  if (agrees && document.documentElement.dataset.calm === "waiting")
    return { problem: "agrees, and its window is not calm" };
  return { x, y, agrees };
}

export function arm(selector) {
  const element = document.querySelector(selector);
  window.met = null;
  const keep = (event) => { window.met = element.contains(event.target) ? event : null; };
  addEventListener("click", keep, { capture: true, once: true });
}

export function top() {
  scrollTo(0, 0);
  const nextFrame = () => new Promise((resolve) => { requestAnimationFrame(resolve); setTimeout(resolve, 200); });
  return nextFrame().then(nextFrame).then(() => true);
}
