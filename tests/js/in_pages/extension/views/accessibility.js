/** The functions that tests/extension/views/test_accessibility.py runs in pages. */

export function moving() {
  const seal = document.querySelector(".wax-seal");
  seal.style.display = "none";
  seal.getBoundingClientRect();
  seal.style.display = "";
  return document.getAnimations().length;
}
