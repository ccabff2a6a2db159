// Addresses in a terminal: which are followed, and which belong to a service tab of the lab.

/** The address to open, or null for everything that is not plain http(s). */
export function safeAddress(text) {
  try {
    const url = new URL(text);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    if (url.username || url.password) return null;
    return url;
  } catch {
    return null;
  }
}

/** The port, if the address means the sandbox's own loopback; else null. */
export function loopbackPort(url) {
  if (!["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].includes(url.hostname)) return null;
  return Number(url.port || (url.protocol === "https:" ? 443 : 80));
}

/** A name for a file: why it is refused, or null if it may be used. */
export function nameProblem(name) {
  if (!name.trim()) return "A name is needed.";
  if (name.startsWith("/") || name.split("/").some((part) => part === ".." || part === "." || part === "")) {
    return "Names stay inside the workspace: no leading slash, no empty part, no dots alone.";
  }
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(name)) return "Control characters cannot be part of a name.";
  if (new TextEncoder().encode(name).length > 1024) return "This name is too long.";
  return null;
}

/** The language of a file by its name; null for plain text. */
export function languageOf(path) {
  const name = path.split("/").at(-1).toLowerCase();
  if (/^(dockerfile|containerfile)(\..+)?$|\.dockerfile$/.test(name)) return "dockerfile";
  if (/^(\.bashrc|\.profile|\.bash_profile|\.envrc)$/.test(name)) return "shell";
  const ending = name.includes(".") ? name.split(".").at(-1) : "";
  const languages = {
    yaml: "yaml", yml: "yaml", py: "python", pyi: "python", sh: "shell", bash: "shell", json: "json", ipynb: "json",
    md: "markdown", markdown: "markdown", toml: "toml", cfg: "properties", ini: "properties", env: "properties", lock: name === "dvc.lock" ? "yaml" : null, dvc: "yaml",
  };
  return languages[ending] ?? null;
}
