// Every page: choices, times, live parts, forms, copy buttons. The page works without it.
import * as choices from "./choices.js";
import { startCode } from "./code.js";
import { startForms } from "./forms.js";
import { startLive } from "./live.js";
import { startTimes } from "./times.js";

startTimes();
startCode();
startForms(choices);
startLive();

// Search by Ctrl+K, except where Ctrl+K already means something: terminal, editor.
addEventListener("keydown", (event) => {
  if (event.key !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  if (event.target.closest?.(".terminal, .cm-editor")) return;
  const field = document.querySelector("input[type=search]");
  const link = document.querySelector("a[data-search]");
  if (!field && !link) return;
  event.preventDefault();
  if (field) field.focus();
  else link.click();
});
