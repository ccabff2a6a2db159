// Every page: choices, times, live parts, forms, copy buttons. The page works without it.
import * as choices from "./choices.js";
import { startCode } from "./code.js";
import { startForms } from "./forms.js";
import { startLive } from "./live.js";
import { startQuiz } from "./quiz.js";
import { startTimes } from "./times.js";

startTimes();
startCode();
startForms(choices);
startLive();
startQuiz();

// Ctrl+K on a Mac deletes to the end of the line, so it is Cmd+K there.
const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const field = document.querySelector("header .find input");

// Search by Ctrl+K, except where Ctrl+K already means something: terminal, editor.
addEventListener("keydown", (event) => {
  if (event.key?.toLowerCase() !== "k" || !(mac ? event.metaKey : event.ctrlKey) || event.altKey || event.shiftKey) return;
  if (event.target.closest?.(".terminal, .cm-editor")) return;
  event.preventDefault();
  const words = document.activeElement === field ? field.value.trim() : "";
  import("./search.js").then(
    ({ openSearch }) => openSearch(words),
    // Not to be had: the page of results needs no script.
    () => location.assign("/search"),
  );
});

const hint = document.querySelector("header .find kbd");
if (hint) {
  hint.textContent = mac ? "⌘ K" : "Ctrl K";
  hint.hidden = false;
}

if (document.querySelector(".term")) import("./terms.js");
