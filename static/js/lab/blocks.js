// What can be done with the blocks of code beside a terminal: commands are run, files are saved. Each press does it once; nothing is kept
// to be done later.
import { actsOf, commandsOfBlock, languageOfBlock, SHELLS } from "../code.js";
import { FileApi } from "../editor/api.js";
import { button, clock, confirmed, element, say } from "../page.js";
import { clockText } from "../pure/time.js";

/**
 * Gives every block of a page what it can do.
 * @param {Element | Document} root
 * @param {{terminals: import("./terminals.js").Terminals, api: string}} parts
 */
export function dressBlocks(root, { terminals, api }) {
  const files = new FileApi(api);
  for (const block of root.querySelectorAll?.(".code:has(> pre)") ?? []) {
    if (block.querySelector(":scope > .acts [data-runs]")) continue;
    const said = element("span", { class: "said muted" });
    const tell = (words, aloud = words) => {
      said.textContent = words;
      say(aloud);
    };
    const now = () => clockText(clock.now());
    const ran = (name) =>
      name ? tell(`ran ${now()} in ${name}`, `Run in ${name}.`) : tell("not run: the terminal is not connected", "Not run: the terminal is not connected.");
    // In a lab the instructions show excerpts; a lesson's blocks are whole.
    const inLesson = block.closest("[data-lesson]") !== null;
    let press = null;
    if (block.dataset.file && inLesson) {
      const path = block.dataset.file;
      press = button("Save to workspace", async () => {
        const saved = await save(files, path, textOf(block));
        tell(saved === true ? `saved ${now()} as ${path}` : saved, saved === true ? `Saved as ${path}.` : saved);
      });
    } else if (block.dataset.run === "python" && inLesson) {
      // A script of its own: it is written beside the reader's files, and run by its name.
      const path = `block-${number(block)}.py`;
      press = button("Run in terminal", async () => {
        const saved = await save(files, path, textOf(block), true);
        if (saved === true) ran(terminals.run(`python ${path}`));
        else tell(saved);
      });
    } else if (SHELLS.includes(languageOfBlock(block)) && !block.querySelector(":scope > .why")) {
      press = button("Run in terminal", () => ran(terminals.run(commandsOfBlock(block))));
    }
    if (!press) continue;
    press.classList.add("tiny");
    press.dataset.runs = "true";
    actsOf(block).append(press);
    actsOf(block).prepend(said);
  }
}

/** Which block of its text it is, from 1: the same on every page that shows the text. */
function number(block) {
  const text = block.closest("[data-lesson]") ?? document;
  return [...text.querySelectorAll(".code:has(> pre)")].indexOf(block) + 1;
}

function textOf(block) {
  return block.querySelector("pre").textContent;
}

/** True where it was saved, else why not. A file of another content is replaced only if the reader says so. */
async function save(files, path, text, ours = false) {
  try {
    const folders = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth += 1) await folder(files, folders.slice(0, depth).join("/"));
    try {
      await files.write(path, text, ours ? null : "new");
      return true;
    } catch (problem) {
      if (problem.status !== 409 && problem.status !== 412) throw problem;
    }
    const there = await files.read(path);
    if (there.text === text) return true;
    const sure = await confirmed({
      title: `Replace ${path}?`,
      text: [`${path} in the workspace differs from the lesson's. What you changed in it goes; other files stay.`],
      verb: "Replace it",
    });
    if (!sure) return "not saved: yours was kept";
    await files.write(path, text, there.tag);
    return true;
  } catch (problem) {
    return `not saved: ${problem.message}`;
  }
}

async function folder(files, path) {
  try {
    await files.create("directory", path);
  } catch (problem) {
    if (problem.status !== 409) throw problem;
  }
}
