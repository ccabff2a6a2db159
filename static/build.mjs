// Bundles the page's sources and the pinned packages into dist/. With --report it prints compressed sizes and fails when a budget is
// exceeded; with --watch it goes on and bundles again at each change. Nothing of dist/ is ever committed.
import { build, context } from "esbuild";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const minify = !process.argv.includes("--plain");

const common = {
  bundle: true,
  minify,
  target: ["chrome123", "firefox120", "safari17.5"],
  outdir: dist,
  logLevel: "warning",
  legalComments: "linked",
  metafile: true,
  loader: { ".woff2": "file", ".woff": "empty" },
  assetNames: "fonts/[name]-[hash]",
  chunkNames: "chunks/[name]-[hash]",
};

rmSync(dist, { recursive: true, force: true });

const modulesOf = {
  ...common,
  entryPoints: { site: join(here, "js/site.js"), lab: join(here, "js/lab.js") },
  format: "esm",
  splitting: true,
};
// Loaded without `type=module`: one before the first paint, one as a worker.
const scriptsOf = {
  ...common,
  entryPoints: { theme: join(here, "js/theme.js"), "events-worker": join(here, "js/events-worker.js") },
  format: "iife",
};
const stylesOf = {
  ...common,
  entryPoints: { site: join(here, "css/site.css"), lab: join(here, "css/lab.css") },
};

if (process.argv.includes("--watch")) {
  const inputs = [];
  for (const options of [modulesOf, scriptsOf, stylesOf]) {
    const watched = await context(options);
    inputs.push(...Object.keys((await watched.rebuild()).metafile.inputs));
    await watched.watch();
  }
  licences(inputs);
} else {
  const [modules, scripts, styles] = await Promise.all([modulesOf, scriptsOf, stylesOf].map((options) => build(options)));
  licences([modules, scripts, styles].flatMap((built) => Object.keys(built.metafile.inputs)));
  if (process.argv.includes("--report")) report({ ...modules.metafile.outputs, ...scripts.metafile.outputs, ...styles.metafile.outputs });
}

// What the page "About" says of the packages that were bundled: each with its own version and licence.
function licences(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const found = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(join(process.cwd(), input));
    if (found) folders.add(found[1]);
  }
  const list = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return { name, version, licence: license ?? "see its repository" };
  });
  list.sort((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(join(dist, "licences.json"), JSON.stringify(list));
}

function report(outputs) {
  const named = new Map(Object.entries(outputs).map(([path, meta]) => [relative(dist, join(process.cwd(), path)), meta]));
  const size = (name) => gzipSync(readFileSync(join(dist, name)), { level: 9 }).length;
  const font = [...named.keys()].filter((name) => name.endsWith(".woff2"));

  // Everything that a script pulls in at once; a dynamic import is a cost of its own.
  const reach = (name, seen = new Set()) => {
    if (seen.has(name)) return seen;
    seen.add(name);
    for (const one of named.get(name)?.imports ?? []) {
      if (one.kind === "import-statement") reach(relative(dist, join(process.cwd(), one.path)), seen);
    }
    return seen;
  };
  const dynamic = (names) =>
    [...names].flatMap((name) =>
      (named.get(name)?.imports ?? [])
        .filter((one) => one.kind === "dynamic-import")
        .map((one) => relative(dist, join(process.cwd(), one.path))),
    );
  const total = (names) => [...new Set(names)].reduce((sum, name) => sum + size(name), 0);

  const page = [...reach("site.js"), "theme.js", "events-worker.js", "site.css", ...font];
  const lab = [...page, ...reach("lab.js"), "lab.css"];
  // Languages and the comparison are fetched one by one; the budget holds for all of them together.
  const later = new Set();
  let next = dynamic(reach("lab.js"));
  while (next.length > 0) {
    const found = next.flatMap((name) => [...reach(name)]).filter((name) => !later.has(name));
    for (const name of found) later.add(name);
    next = dynamic(found);
  }
  const editor = [...later].filter((name) => !lab.includes(name));

  const asked = dynamic(reach("site.js"))
    .flatMap((name) => [...reach(name)])
    .filter((name) => !page.includes(name));

  for (const name of [...new Set([...lab, ...asked, ...editor])]) {
    const path = join(dist, name);
    const brotli = brotliCompressSync(readFileSync(path)).length;
    console.log(`${name.padEnd(52)} ${kb(statSync(path).size)} raw  ${kb(size(name))} gz  ${kb(brotli)} br`);
  }
  let over = false;
  // The page's budget leaves 10 kB of its 40 for the markup itself.
  for (const [what, names, budget] of [
    ["page (scripts, styles, font)", page, 30_000 + total(font)],
    ["search and terms, when asked for", asked, 6_000],
    ["workspace page with terminal", lab, 250_000],
    ["editor, on top", editor, 200_000],
  ]) {
    const bytes = total(names);
    over ||= bytes > budget;
    console.log(`${what.padEnd(52)} ${kb(bytes)} gz of ${kb(budget)}${bytes > budget ? "  OVER BUDGET" : ""}`);
  }
  if (over) process.exit(1);
}

function kb(bytes) {
  return `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
}
