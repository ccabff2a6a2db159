// The text area: CodeMirror with the page's own look. Escape, then Tab leaves it.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { colours, loadLanguage } from "./languages.js";

const look = EditorView.theme({
  "&": { backgroundColor: "var(--page)", color: "var(--text)", fontSize: "var(--letters, 13px)" },
  "&.cm-focused": { outline: "2px solid var(--link)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--page)", color: "var(--muted)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--muted) 8%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "transparent", color: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "var(--chosen)" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--wait) 22%, transparent)" },
  ".cm-searchMatch": { backgroundColor: "color-mix(in srgb, var(--wait) 30%, transparent)" },
  ".cm-searchMatch-selected": { backgroundColor: "color-mix(in srgb, var(--wait) 55%, transparent)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--chosen)" },
  ".cm-panels": { backgroundColor: "var(--panel)", color: "var(--text)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px", fontFamily: "var(--sans)", fontSize: "14px" },
  ".cm-panel.cm-search label": { fontSize: "14px" },
  ".cm-textfield": { border: "1px solid var(--edge)", borderRadius: "6px", backgroundColor: "var(--page)", fontSize: "14px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--page)", border: "1px solid var(--edge)", borderRadius: "6px", fontSize: "14px", color: "var(--text)" },
  ".cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--link) 10%, transparent) !important" },
});

export class Paper {
  /** @param {{changed: () => void, save: () => void, cursor: (line: number, column: number) => void}} on */
  constructor(on) {
    this.on = on;
    this.wrapping = new Compartment();
    this.wrap = false;
    this.view = new EditorView({ state: EditorState.create({}) });
  }

  /** A fresh state for a text; its colours follow when they are there. */
  async state(text, language, label) {
    const tongue = await loadLanguage(language);
    return EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        highlightActiveLineGutter(),
        highlightSpecialChars(),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of(language === "python" || language === null ? "    " : "  "),
        bracketMatching(),
        highlightActiveLine(),
        highlightSelectionMatches(),
        search({ top: false }),
        EditorState.allowMultipleSelections.of(true),
        EditorState.lineSeparator.of(text.includes("\r\n") ? "\r\n" : "\n"),
        keymap.of([{ key: "Mod-s", preventDefault: true, run: () => (this.on.save(), true) }, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        this.wrapping.of(this.wrap ? EditorView.lineWrapping : []),
        EditorView.contentAttributes.of({ "aria-label": label, "aria-describedby": "editor-leave", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.on.changed();
          if (update.selectionSet || update.docChanged) this.tellCursor();
        }),
        look,
        colours,
        tongue,
      ],
    });
  }

  tellCursor() {
    const { head } = this.view.state.selection.main;
    const line = this.view.state.doc.lineAt(head);
    this.on.cursor(line.number, head - line.from + 1);
  }

  show(state) {
    this.view.setState(state);
    this.view.dispatch({ effects: this.wrapping.reconfigure(this.wrap ? EditorView.lineWrapping : []) });
    this.tellCursor();
  }

  setWrap(on) {
    this.wrap = on;
    this.view.dispatch({ effects: this.wrapping.reconfigure(on ? EditorView.lineWrapping : []) });
  }

  find() {
    openSearchPanel(this.view);
  }

  go(line) {
    const at = this.view.state.doc.line(Math.min(Math.max(1, line), this.view.state.doc.lines));
    this.view.dispatch({ selection: { anchor: at.from }, effects: EditorView.scrollIntoView(at.from, { y: "center" }) });
  }
}

/** The text of a state with the line ends that the file had. */
export function textOf(state) {
  return state.sliceDoc();
}

/** The smallest change from the state's text to another, so that cursor and scroll stay where they are. */
export function changeTo(state, text) {
  const old = state.sliceDoc();
  const separator = state.lineBreak;
  if (separator !== "\n") return { from: 0, to: state.doc.length, insert: state.toText(text) };
  let start = 0;
  const least = Math.min(old.length, text.length);
  while (start < least && old.charCodeAt(start) === text.charCodeAt(start)) start += 1;
  let end = 0;
  while (end < least - start && old.charCodeAt(old.length - 1 - end) === text.charCodeAt(text.length - 1 - end)) end += 1;
  return { from: start, to: old.length - end, insert: text.slice(start, text.length - end) };
}

export { EditorView, look };
