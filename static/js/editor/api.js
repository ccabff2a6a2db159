// The files of the workspace as the server offers them. Every failure is an `ApiError` with words for a person.
import { problemOf } from "../page.js";

export class ApiError extends Error {
  constructor(status, kind, message) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

export class FileApi {
  constructor(api, page) {
    this.api = api;
    this.page = page;
  }

  address(what, path) {
    return `${this.api}/${what}?path=${encodeURIComponent(path)}`;
  }

  async ask(address, options = {}) {
    let response;
    try {
      response = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers } });
    } catch {
      throw new ApiError(0, "offline", "There is no connection. What you typed stays here.");
    }
    if (response.ok) return response;
    const copy = response.clone();
    let kind = "";
    try {
      kind = (await copy.json()).error?.kind ?? "";
    } catch {
      // Not ours; the status says enough.
    }
    throw new ApiError(response.status, kind, await problemOf(response));
  }

  async list(path) {
    const answer = await (await this.ask(this.address("files", path))).json();
    const entries = Array.isArray(answer) ? answer : answer.entries;
    return entries
      .map((entry) => ({ ...entry, path: path ? `${path}/${entry.name}` : entry.name, directory: entry.kind === "directory" }))
      .sort((a, b) => Number(b.directory) - Number(a.directory) || a.name.localeCompare(b.name, "en", { numeric: true }));
  }

  async read(path) {
    const response = await this.ask(this.address("files/content", path), { headers: { Accept: "*/*" }, cache: "no-store" });
    const bytes = new Uint8Array(await response.arrayBuffer());
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new ApiError(415, "binary", "This file is not text.");
    }
    if (text.includes("\0")) throw new ApiError(415, "binary", "This file is not text.");
    return { text, tag: response.headers.get("ETag") };
  }

  /** Writes what replaces `tag`; null: whatever is there; "new": nothing may be there. Returns the new tag. */
  async write(path, text, tag) {
    const headers = { "Content-Type": "text/plain; charset=utf-8" };
    if (tag === "new") headers["If-None-Match"] = "*";
    else if (tag) headers["If-Match"] = tag;
    const response = await this.ask(this.address("files/content", path), { method: "PUT", body: text, headers });
    return response.headers.get("ETag");
  }

  create(kind, path) {
    return this.send("files", { kind, path });
  }

  rename(from, to) {
    return this.send("files/rename", { from, to });
  }

  send(what, body) {
    return this.ask(`${this.api}/${what}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  }

  remove(path) {
    return this.ask(this.address("files", path), { method: "DELETE" });
  }

  upload(path, file, replace) {
    return this.ask(this.address("files/upload", path), {
      method: "POST",
      body: file,
      headers: { "Content-Type": "application/octet-stream", ...(replace ? {} : { "If-None-Match": "*" }) },
    });
  }

  download(path) {
    return this.address("files/download", path);
  }

  archive() {
    return `${this.api}/archive`;
  }

  /** Names what is shown, so that its changes on disk are told as `files` events. */
  watch(paths) {
    return this.send("files/watch", { paths });
  }

  /** How the file came with the lab; null where it did not come with it. */
  async original(path) {
    try {
      const response = await this.ask(this.address("files/original", path), { headers: { Accept: "*/*" } });
      return await response.text();
    } catch (problem) {
      if (problem.status === 404) return null;
      throw problem;
    }
  }

  resetFile(path) {
    return this.ask(`${this.page}/reset-file`, { method: "POST", body: new URLSearchParams({ path }) });
  }
}
