/** The functions that tests/extension/any_webmail/test_attacks_pages.py runs in pages. */

export function fill([piece, count, isNested]) {
  return measure(() => {
    let place = document.querySelector("main");
    if (!isNested) place.innerHTML = piece.repeat(count);
    for (let number = 0; isNested && number < count; number += 1) {
      place.insertAdjacentHTML("beforeend", piece);
      place = place.lastElementChild;
    }
  });
}

export function labelled() {
  return measure(() => {
    let place = document.querySelector("main");
    for (let level = 0; level < 2000; level += 1) {
      place = place.appendChild(document.createElement("div"));
      place.setAttribute("onclick", "x()");
    }
    place.textContent = "word ".repeat(200000);
  });
}

export function clobber() {
  const names = new Set();
  for (let prototype = Document.prototype; prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const name of Object.getOwnPropertyNames(prototype)) names.add(name);
  }
  const box = document.createElement("p");
  box.innerHTML = [...names].map((name) => `<img name="${name}" alt=""><form name="${name}"></form>`).join("");
  document.body.append(box);
}

export function forms(count) {
  let place = document.querySelector("main");
  for (let level = 0; level < 400; level += 1) place = place.appendChild(document.createElement("div"));
  place.innerHTML = "<input name=to><input name=subject>".repeat(count) + "<textarea id=words rows=9></textarea>";
  document.querySelector("#words").focus();
  longest = 0;
  measure(() => {});
}

export function noFrameStopsTheToolbarButton(address) {
  const frame = document.createElement("iframe");
  frame.src = address;
  document.body.append(frame);
  return new Promise((done) => setTimeout(done, 1500));
}

export function add(markup) {
  const box = Document.prototype.createElement.call(document, "div");
  box.innerHTML = markup;
  Document.prototype.querySelector.call(document, "table").after(box);
}
