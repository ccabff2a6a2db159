// The sentence beside a term of the glossary. Styles show it on hover and focus, with no script at all; this dismisses it by Escape, and
// puts it beside its word where the browser cannot do so by itself.

const anchored = CSS.supports("anchor-name: --term");

function place(around) {
  const tip = around.querySelector(".tip");
  if (anchored || !tip) return;
  const word = around.querySelector(".term").getClientRects()[0];
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.max(8, Math.min(word.left, document.documentElement.clientWidth - width - 8));
  const below = word.bottom + height < document.documentElement.clientHeight;
  // Set one by one: the page's policy refuses style attributes, not these.
  tip.style.insetInlineEnd = tip.style.bottom = "auto";
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? word.bottom : word.top - height}px`;
}

const around = (event) => event.target.closest?.(".termed");

for (const begins of ["pointerover", "focusin"]) {
  document.addEventListener(begins, (event) => {
    const here = around(event);
    if (here) place(here);
  });
}

// Once the pointer or the focus has left, the next time shows it again.
for (const ends of ["pointerout", "focusout"]) {
  document.addEventListener(ends, (event) => {
    const here = around(event);
    if (here && !here.contains(event.relatedTarget)) delete here.dataset.dismissed;
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const shown of document.querySelectorAll(".termed:is(:hover, :focus-within):not([data-dismissed])")) {
    shown.dataset.dismissed = "";
  }
});
