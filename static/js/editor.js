// The editor, fetched when it is opened: file tree at the side, one paper, open files as tabs.
import { FileApi } from "./editor/api.js";
import { Editor } from "./editor/editor.js";

export function startEditor(panel, { api, session, title }) {
  return new Editor(panel, new FileApi(api, `/sessions/${session}`), title);
}
