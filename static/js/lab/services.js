// A learner's own servers as tabs: frames on an origin of their own, loaded when first shown, reloaded by a button, never taking the focus by themselves.
import { button, element } from "../page.js";

export function startServices(links, tabs) {
  const ports = new Map();
  for (const link of links) {
    const { service, port } = link.dataset;
    const words = link.textContent.trim();
    const frame = element("iframe", {
      class: "service-frame",
      title: words,
      sandbox: "allow-scripts allow-forms allow-same-origin allow-popups allow-downloads allow-modals",
      referrerpolicy: "no-referrer",
    });
    let loaded = false;
    const load = (path = "") => {
      loaded = true;
      frame.src = new URL(path, link.href).href;
    };
    const panel = element(
      "div",
      { class: "panel-inside" },
      element(
        "div",
        { class: "frame-bar" },
        button("Reload", () => load(), { class: "tiny" }),
        element("span", { class: "address" }, port ? `localhost:${port}` : service),
        element("span", { class: "push" }),
        element("a", { class: "button tiny", href: link.href, target: "_blank", rel: "noopener noreferrer" }, "Open in its own window"),
      ),
      frame,
    );
    const id = `service-${service}`;
    tabs.add({ id, title: words, panel, group: 2, onShow: () => loaded || load() });
    if (port) {
      ports.set(Number(port), (url) => {
        load(url.pathname + url.search + url.hash);
        tabs.select(id);
      });
    }
  }
  keepFocus();
  return {
    /** Shows the tab of that port, if there is one. */
    openPort(url, port) {
      const open = ports.get(port);
      open?.(url);
      return open !== undefined;
    },
  };
}

/** A page inside a frame may focus itself; that is undone unless the reader clicked or tabbed into it. */
function keepFocus() {
  let before = null;
  let tabbed = 0;
  document.addEventListener("focusin", ({ target }) => {
    if (target.tagName !== "IFRAME") before = target;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab") tabbed = performance.now();
  }, true);
  addEventListener("blur", () => {
    setTimeout(() => {
      const frame = document.activeElement;
      if (frame?.tagName !== "IFRAME" || frame.matches(":hover") || performance.now() - tabbed < 500) return;
      frame.blur();
      if (before?.isConnected) before.focus({ preventScroll: true });
    });
  });
}
