// Two texts side by side, differences marked. Fetched when it is needed.
import { MergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { element } from "../page.js";
import { colours, loadLanguage } from "./languages.js";
import { look } from "./paper.js";

/** An element that shows both; neither can be written to. */
export async function compared({ left, right, leftName, rightName, language }) {
  const shared = [lineNumbers(), EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.lineWrapping, look, colours, await loadLanguage(language)];
  const label = (name) => EditorView.contentAttributes.of({ "aria-label": name, tabindex: "0" });
  const view = new MergeView({
    a: { doc: left, extensions: [...shared, label(leftName)] },
    b: { doc: right, extensions: [...shared, label(rightName)] },
    highlightChanges: true,
    gutter: true,
    collapseUnchanged: { margin: 3, minSize: 6 },
  });
  return element("div", {}, element("div", { class: "sides small muted" }, element("span", {}, leftName), element("span", {}, rightName)), view.dom);
}
