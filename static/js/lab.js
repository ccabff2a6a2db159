// The workspace page: separator, tabs, terminals, editor, service frames. Tasks, time and hints are the server's own markup and live without it.
import { dressBlocks } from "./lab/blocks.js";
import { startServices } from "./lab/services.js";
import { startSplit } from "./lab/split.js";
import { Tabs } from "./lab/tabs.js";
import { Terminals } from "./lab/terminals.js";
import { button, clock, element } from "./page.js";
import { clockText } from "./pure/time.js";

const work = document.getElementById("work");
if (work && !work.hasAttribute("data-ended")) start();
else document.addEventListener("halfway:session", () => location.reload());

function start() {
  const session = document.body.dataset.session;
  const api = work.dataset.api;
  const links = [...work.querySelectorAll("a[data-service]")];
  const note = element("div", { class: "terminal-note", hidden: true });
  const tabs = new Tabs(`halfway.tab.${session}`);
  work.replaceChildren(tabs.bar, note, tabs.panels);

  startSplit(document.querySelector("main.split"));

  const terminals = new Terminals(api, tabs);
  const services = startServices(links, tabs);
  terminals.openPort = services.openPort;

  // The editor is fetched when it is opened for the first time.
  const editorPanel = element("div", { class: "panel-inside" });
  let editor = null;
  const openEditor = async () => {
    if (editor) return editor;
    editorPanel.replaceChildren(element("p", { class: "notice" }, "Opening the editor…"));
    editor = import("./editor.js").then(({ startEditor }) => startEditor(editorPanel, { api, session, title: work.dataset.title }));
    try {
      return await editor;
    } catch {
      editor = null;
      editorPanel.replaceChildren(
        element("div", { class: "notice" }, element("p", {}, "The editor could not be loaded: there is no connection."), button("Try again", openEditor)),
      );
      return null;
    }
  };
  tabs.add({ id: "editor", title: "Editor", panel: editorPanel, group: 1, onShow: openEditor });
  // Only where no terminal could be shown: choosing the editor fetches it.
  terminals.start().finally(() => tabs.restore());

  // Files named in tasks open in the editor.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("[data-open-file]");
    if (!link) return;
    event.preventDefault();
    tabs.select("editor");
    showWork();
    (await openEditor())?.open(link.dataset.openFile);
  });

  const main = document.querySelector("main.split");
  function showWork() {
    if (main.dataset.view !== "work") document.querySelector(".views [data-shows=work]")?.click();
  }

  const dress = (root) => dressBlocks(root, { terminals, api });
  dress(document);
  document.addEventListener("halfway:changed", ({ detail }) => dress(detail));

  const connection = document.getElementById("connection");
  const connected = (open) => {
    if (connection) connection.textContent = open ? "Connected" : `Offline since ${clockText(clock.now())}`;
  };
  document.addEventListener("halfway:connection", ({ detail }) => connected(detail.open));
  // The page may have been connected before this script was there.
  if (document.documentElement.dataset.connection === "open") connected(true);

  // The session may end or stand still under an open page: the text stays, and the way on is shown.
  document.addEventListener("halfway:session", ({ detail: { state } }) => {
    terminals.sessionIs(state);
    const finish = element("a", { class: "button", href: `/sessions/${session}/finish` }, "See what you achieved");
    const again = element("a", { class: "button", href: `/sessions/${session}` }, "Open its page");
    const words = {
      ending: ["The lab is ending. Your files are being kept for download."],
      ended: ["The lab has ended. What stands in the terminals stays here until you leave this page.", finish, again],
      paused: ["The lab stands still: files are intact, programs are not running, time is not counted.", again],
      failed: ["The lab has stopped with a fault. Your files are intact.", again],
      queued: ["The lab is being made again.", again],
      provisioning: ["The lab is being made again.", again],
    }[state];
    note.hidden = words === undefined;
    note.replaceChildren(...(words ?? []).map((one) => (typeof one === "string" ? element("span", {}, one) : one)));
  });

  addEventListener("beforeunload", (event) => {
    if (terminals.typing() || work.querySelector("[data-unsaved]")) event.preventDefault();
  });
}
