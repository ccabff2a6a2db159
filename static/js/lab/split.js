// The separator between tasks and workspace, and below 800 px the two views in its place.
import { button, element } from "../page.js";
import { keepChoice, keptChoice } from "../choices.js";
import { clamp, kept, LEAST, MOST, nextTab, onKey } from "../pure/split.js";

const PRESETS = [
  ["Tasks wide", 55],
  ["Even", 38],
  ["Work wide", 25],
];

export function startSplit(main) {
  const tasks = main.querySelector(":scope > .tasks");
  const work = main.querySelector(":scope > .work");
  const grip = element("div", {
    class: "grip",
    role: "separator",
    tabindex: "0",
    "aria-orientation": "vertical",
    "aria-controls": tasks.id,
    "aria-valuemin": LEAST,
    "aria-valuemax": MOST,
    "aria-label": "Width of tasks; arrows move, Enter folds",
  });
  let state = { value: kept(keptChoice("split")), collapsed: false };

  const show = () => {
    main.style.setProperty("--tasks", `${state.value}%`);
    if (state.collapsed) main.dataset.collapsed = "tasks";
    else delete main.dataset.collapsed;
    tasks.inert = state.collapsed && !narrow.matches;
    grip.setAttribute("aria-valuenow", state.collapsed ? LEAST : state.value);
    grip.setAttribute("aria-valuetext", state.collapsed ? "Tasks folded" : `Tasks ${state.value} percent`);
  };
  const set = (next) => {
    state = next;
    keepChoice("split", String(state.value));
    show();
  };

  grip.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = onKey(state, event.key, getComputedStyle(main).direction === "rtl");
    if (!next) return;
    event.preventDefault();
    set(next);
  });
  grip.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    grip.setPointerCapture(event.pointerId);
    main.classList.add("dragging");
  });
  grip.addEventListener("pointermove", (event) => {
    if (!grip.hasPointerCapture(event.pointerId)) return;
    const box = main.getBoundingClientRect();
    const along = getComputedStyle(main).direction === "rtl" ? box.right - event.clientX : event.clientX - box.left;
    set({ value: clamp((along / box.width) * 100), collapsed: false });
  });
  grip.addEventListener("lostpointercapture", () => main.classList.remove("dragging"));
  grip.addEventListener("dblclick", () => set({ ...state, collapsed: !state.collapsed }));

  const widths = element(
    "div",
    { class: "widths", role: "group", "aria-label": "Width of tasks" },
    element("span", {}, "Width"),
    ...PRESETS.map(([words, value]) => button(words, () => set({ value, collapsed: false }), { class: "tiny plain" })),
  );
  tasks.append(widths);
  work.before(grip);

  // Narrow: one view at a time, by tabs.
  const narrow = matchMedia("(max-width: 50rem)");
  const list = element("div", { role: "tablist", "aria-label": "View" });
  const views = element("nav", { class: "views", "aria-label": "Views" }, list);
  const all = [
    ["tasks", "Tasks", tasks],
    ["work", "Workspace", work],
  ].map(([shows, words, view]) =>
    Object.assign(element("button", { type: "button", role: "tab", "data-shows": shows, "aria-controls": view.id, id: `view-${shows}` }, words), { view }),
  );
  const choose = (index, focus) => {
    main.dataset.view = all[index].dataset.shows;
    all.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
    });
    if (focus) all[index].focus();
    dispatchEvent(new Event("resize"));
  };
  list.append(...all);
  views.addEventListener("click", ({ target }) => {
    const index = all.indexOf(target.closest("[role=tab]"));
    if (index >= 0) choose(index, false);
  });
  views.addEventListener("keydown", (event) => {
    const next = nextTab(all.findIndex((tab) => tab.tabIndex === 0), all.length, event.key);
    if (next === null) return;
    event.preventDefault();
    choose(next, true);
  });
  main.before(views);
  choose(0, false);
  narrow.addEventListener("change", show);
  // Skip links name a pane: below 800 px its view comes with it.
  addEventListener("hashchange", () => {
    const index = all.findIndex((tab) => `#${tab.view.id}` === location.hash);
    if (index >= 0 && narrow.matches) choose(index, false);
  });
  show();
}
