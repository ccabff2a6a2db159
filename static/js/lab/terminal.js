// One terminal: the emulator in its frame, the connection that is taken up again for ever, and the keys. The terminal itself lives in the sandbox
// and outlasts this page.
import { FitAddon } from "@xterm/addon-fit";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal as Emulator } from "@xterm/xterm";
import { keptChoice, onColours, stillness, terminalLetters } from "../choices.js";
import { alarm, button, clock, element, problemOf, say } from "../page.js";
import { Backoff } from "../pure/backoff.js";
import { loopbackPort, safeAddress } from "../pure/links.js";
import { Flow, isAnswer, Position, sizeText } from "../pure/resume.js";
import { clockText } from "../pure/time.js";
import { onTerminalKey, pasteInto } from "./clipboard.js";
import { terminalColours } from "./colours.js";
import { Find } from "./find.js";
import { terminalMenu } from "./menu.js";
import { touchLine } from "./touch.js";

const LEAST_COLUMNS = 40;
const LEAST_ROWS = 10;
const LEAST_FONT = 9;
const SCROLLBACK = 5000;
/** Keys that are typed while a flood is being caught up with; not while offline. */
const HELD_INPUT = 4096;
const NOTE_AFTER = 700;
/** So many connections refused in a row, while the server answers, are no accident. */
const REFUSED = 2;
const encoder = new TextEncoder();

export class Terminal {
  constructor({ id, tid, name, address, mine, owner }) {
    Object.assign(this, { id, tid, name, address, owner });
    /** Whether the terminal's size follows this page: it does for who typed last. */
    this.sizes = mine;
    this.position = new Position();
    this.flow = new Flow();
    this.backoff = new Backoff();
    this.drawnTo = 0;
    this.held = [];
    this.over = false;
    /** Connections in a row that were refused although the server had just answered. */
    this.refused = 0;
    this.listed = false;
    this.session = "ready";
    this.build();
  }

  build() {
    this.letters = terminalLetters();
    this.emulator = new Emulator({
      allowProposedApi: true,
      cursorBlink: !stillness(),
      fontFamily: this.letters.family,
      fontSize: this.letters.size,
      lineHeight: 1.25,
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK,
      screenReaderMode: keptChoice("screen-reader") === "on",
      theme: terminalColours(),
      linkHandler: {
        activate: (event, text) => this.follow(event, text),
        hover: (_, text) => this.target(text),
        leave: () => this.target(null),
        allowNonHttpProtocols: false,
      },
    });
    this.fitter = new FitAddon();
    this.emulator.loadAddon(this.fitter);
    this.emulator.loadAddon(new Unicode11Addon());
    this.emulator.unicode.activeVersion = "11";
    this.emulator.loadAddon(
      new WebLinksAddon((event, text) => this.follow(event, text), { hover: (_, text) => this.target(text), leave: () => this.target(null) }),
    );

    this.screen = element("div", { class: "screen" });
    this.invite = element("span", { class: "invite", "aria-hidden": "true" }, "Enter to type");
    this.fresh = button("New output ↓", () => this.emulator.scrollToBottom(), { class: "fresh tiny", hidden: true });
    this.linkTarget = element("span", { class: "link-target small", hidden: true });
    this.elsewhere = element("span", { class: "elsewhere small" }, "Sized for another window. Type, and it fits this one.");
    this.frame = element("div", { class: "terminal", tabindex: "0", role: "group", "data-keep": true }, this.screen, this.invite, this.fresh, this.linkTarget, this.elsewhere);
    this.note = element("div", { class: "terminal-note", hidden: true });
    this.find = new Find(this);
    this.panel = element("div", { class: "panel-inside" }, this.note, this.find.bar, this.frame, touchLine(this));
    // Only while somebody types: a way out of where nobody is only takes room.
    this.exit = button("Leave ", () => this.leave(), { class: "plain tiny leave", title: "Leave the terminal", hidden: true });
    this.exit.append(element("kbd", {}, "Ctrl+Shift+Enter"));
    // The press itself must not take the focus, or the button would be gone before it is let go.
    this.exit.addEventListener("mousedown", (event) => event.preventDefault());
    this.end = element("div", { class: "actions" }, this.exit, terminalMenu(this));
    this.rename(this.name);

    this.frame.addEventListener("keydown", (event) => {
      if (event.target !== this.frame || event.key !== "Enter" || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      this.emulator.focus();
    });
    this.frame.addEventListener("focusin", () => this.showTyping());
    this.frame.addEventListener("focusout", () => requestAnimationFrame(() => this.showTyping()));
    this.frame.addEventListener(
      "paste",
      (event) => {
        event.preventDefault();
        event.stopPropagation();
        pasteInto(this, event.clipboardData?.getData("text/plain") ?? "");
      },
      true,
    );
    for (const kind of ["wheel", "keyup", "pointerup"]) {
      this.frame.addEventListener(kind, () => requestAnimationFrame(() => this.showFresh(false)), { passive: true });
    }

    this.emulator.attachCustomKeyEventHandler((event) => onTerminalKey(this, event));
    this.emulator.onData((data) => this.typed(data));
    this.emulator.onBinary((data) => this.send(Uint8Array.from(data, (char) => char.charCodeAt(0) & 255)));
    this.emulator.onScroll(() => this.showFresh(false));
    this.emulator.onTitleChange((title) => {
      this.frame.title = title.slice(0, 200);
    });

    let due;
    new ResizeObserver(() => {
      clearTimeout(due);
      due = setTimeout(() => this.fit(), 100);
    }).observe(this.frame);
    onColours(() => requestAnimationFrame(() => !this.disposed && (this.emulator.options.theme = terminalColours())));

    this.away = new AbortController();
    const { signal } = this.away;
    const nudge = () => this.nudge();
    addEventListener("online", nudge, { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && nudge(), { signal });
    document.addEventListener("halfway:connection", ({ detail }) => detail.open && nudge(), { signal });
    addEventListener("pagehide", () => this.socket?.close(), { signal });
    addEventListener("pageshow", (event) => event.persisted && nudge(), { signal });
  }

  rename(name) {
    this.name = name;
    this.frame.setAttribute("aria-label", `${name}, Enter to type, Ctrl+Shift+Enter to leave`);
    this.emulator.textarea?.setAttribute("aria-label", `${name}, input`);
  }

  /** The tab was chosen: only now has it a size. */
  async shown() {
    if (!this.opened) {
      this.opened = true;
      // A width that is measured with another font would be wrong for ever.
      await Promise.race([document.fonts.load('13px "Plex Mono"'), new Promise((resolve) => setTimeout(resolve, 800))]);
      this.emulator.open(this.screen);
      this.emulator.textarea.tabIndex = -1;
      this.emulator.textarea.setAttribute("aria-label", `${this.name}, input`);
    }
    requestAnimationFrame(() => this.fit());
  }

  showTyping() {
    const typing = this.screen.contains(document.activeElement);
    this.frame.classList.toggle("typing", typing);
    this.exit.hidden = !typing;
  }

  isTyping() {
    return this.opened === true && !this.over && document.activeElement === this.emulator.textarea;
  }

  leave() {
    this.frame.focus();
    say(`Left ${this.name}.`);
  }

  // Size.

  fit() {
    if (!this.opened || this.frame.offsetParent === null || this.frame.clientWidth === 0) return;
    if (!this.sizes) return this.mirror();
    this.frame.classList.remove("mirror");
    this.screen.style.transform = "";
    this.emulator.options.fontSize = this.letters.size;
    let proposed = this.fitter.proposeDimensions();
    if (proposed?.cols < LEAST_COLUMNS) {
      // Narrower than the least: smaller letters rather than lines that run out of sight.
      this.emulator.options.fontSize = Math.max(LEAST_FONT, Math.floor((this.letters.size * proposed.cols * 2) / LEAST_COLUMNS) / 2);
      proposed = this.fitter.proposeDimensions();
    }
    if (!proposed || !Number.isFinite(proposed.cols) || !Number.isFinite(proposed.rows)) return;
    const cols = Math.max(LEAST_COLUMNS, proposed.cols);
    const rows = Math.max(LEAST_ROWS, proposed.rows);
    if (cols !== this.emulator.cols || rows !== this.emulator.rows) this.emulator.resize(cols, rows);
    this.tellSize();
  }

  tellSize() {
    if (!this.sizes || !this.opened || this.socket?.readyState !== WebSocket.OPEN || !this.greeted) return;
    const { cols, rows } = this.emulator;
    if (this.told?.cols === cols && this.told?.rows === rows) return;
    this.told = { cols, rows };
    this.socket.send(JSON.stringify({ type: "resize", cols, rows }));
  }

  /** Shows a size that another page gave, scaled down to this one. */
  mirror() {
    this.frame.classList.add("mirror");
    this.screen.style.transform = "";
    const drawn = this.screen.querySelector(".xterm-screen");
    if (!drawn?.offsetWidth) return;
    const scale = Math.min(1, (this.frame.clientWidth - 24) / drawn.offsetWidth, (this.frame.clientHeight - 12) / drawn.offsetHeight);
    if (scale < 1) this.screen.style.transform = `scale(${scale})`;
  }

  claim() {
    if (this.sizes) return;
    this.sizes = true;
    this.fit();
  }

  // Connection.

  connect() {
    if (this.over) return;
    clearTimeout(this.retry);
    const address = new URL(this.address, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.searchParams.set("after", String(this.position.next));
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.greeted = false;
    this.told = null;
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      if (typeof data === "string") this.frameOf(data);
      else this.output(new Uint8Array(data));
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      if (this.greeted) this.refused = 0;
      else if (this.listed) this.refused += 1;
      this.listed = false;
      if (!this.over && !this.flow.held) this.lost(event.reason);
    };
  }

  frameOf(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    switch (frame.type) {
      case "hello": {
        const { lost, restart, cut } = this.position.hello(frame);
        if (restart) this.emulator.reset();
        if (cut) this.remark("earlier output is not kept");
        if (lost) this.remark(`${sizeText(lost)} of output were not kept`);
        this.drawnTo = this.position.next;
        this.greeted = true;
        this.found();
        if (this.sizes) this.fit();
        else this.sized(frame.size);
        for (const data of this.held.splice(0)) this.socket.send(data);
        break;
      }
      case "skipped":
        this.remark(`${sizeText(this.position.skipped(frame))} of output came too fast to be shown`);
        break;
      case "size":
        this.sizes = false;
        this.sized(frame);
        break;
      case "exit":
        this.ended(frame);
        break;
    }
  }

  sized({ cols, rows }) {
    if (cols && rows) this.emulator.resize(cols, rows);
    requestAnimationFrame(() => this.mirror());
  }

  output(bytes) {
    this.position.bytes(bytes.length);
    const upTo = this.position.next;
    if (this.flow.received(bytes.length)) this.socket?.close();
    this.emulator.write(bytes, () => {
      this.drawnTo = upTo;
      this.showFresh(true);
      if (this.flow.drawn(bytes.length)) this.connect();
    });
  }

  /** Words of the page amid the output; never inside a full-screen program. */
  remark(words) {
    if (this.emulator.buffer.active.type === "alternate") return;
    // CAN ends a sequence that the gap has cut in two.
    this.emulator.write(`\x18\r\n\x1b[2m[${words}]\x1b[0m\r\n`);
  }

  lost(reason) {
    this.lostAt ??= clock.now();
    if (!this.noted) this.noted = setTimeout(() => this.showLost(), NOTE_AFTER);
    if (reason) this.cause = reason;
    this.greeted = false;
    if (this.session !== "ready") return;
    this.retry = setTimeout(() => this.again(), this.backoff.next());
  }

  /** Before a retry, asks why: a WebSocket that was refused does not say. */
  async again() {
    if (this.asking || this.over || this.socket) return;
    this.asking = true;
    try {
      const response = await fetch(`${this.owner.api}/terminals`, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10_000) });
      if (!response.ok) {
        this.cause = await problemOf(response);
      } else {
        const answer = await response.json();
        const listed = Array.isArray(answer) ? answer : answer.terminals;
        if (!listed.some((one) => one.id === this.tid)) {
          this.gone();
          return;
        }
        // Pages get through and this does not: something on the way knows no WebSockets. What else works is worth saying.
        const blocked = this.refused >= REFUSED;
        this.cause = blocked ? "the server answers, but WebSocket connections do not get through (a proxy or an extension may block them). Tasks, editor and trials work without" : null;
        if (blocked) this.showCause();
        this.listed = true;
        this.connect();
        return;
      }
    } catch {
      this.cause = navigator.onLine ? "the server does not answer" : "this machine is offline";
    } finally {
      this.asking = false;
    }
    this.showCause();
    this.retry = setTimeout(() => this.again(), this.backoff.next());
  }

  nudge() {
    if (this.over || this.socket || this.flow.held || this.session !== "ready" || this.lostAt === undefined) return;
    this.backoff.reset();
    clearTimeout(this.retry);
    this.again();
  }

  showLost() {
    if (this.lostAt === undefined) return;
    this.causeWords = element("span", {});
    this.note.replaceChildren(this.causeWords, button("Retry now", () => this.nudge(), { class: "tiny" }));
    this.note.hidden = false;
    this.showCause();
    this.spoken = setTimeout(() => {
      // One alert a loss: where the page itself is offline, that is said already.
      const whole = document.documentElement.dataset.connection === "lost";
      if (this.lostAt !== undefined && !whole) alarm(`${this.name} is not connected. It is being retried.`);
    }, 5000);
  }

  showCause() {
    if (!this.causeWords?.isConnected) return;
    const cause = this.cause ? `: ${this.cause}` : "";
    const dropped = this.dropped ? " What you typed since was not sent." : " The text stays; keys are not sent.";
    this.causeWords.textContent = `Not connected since ${clockText(this.lostAt)}${cause}. Retrying.${dropped}`;
  }

  found() {
    const away = this.lostAt !== undefined && !this.note.hidden;
    this.backoff.reset();
    this.refused = 0;
    clearTimeout(this.noted);
    clearTimeout(this.spoken);
    this.noted = null;
    this.lostAt = undefined;
    this.cause = null;
    this.dropped = false;
    this.note.hidden = true;
    if (away) say(`${this.name} is connected again.`);
  }

  finish(words, ...more) {
    this.over = true;
    clearTimeout(this.retry);
    clearTimeout(this.noted);
    clearTimeout(this.spoken);
    this.emulator.options.disableStdin = true;
    this.note.replaceChildren(element("span", {}, words), ...more);
    this.note.hidden = false;
    if (this.frame.contains(document.activeElement)) this.frame.focus();
  }

  ended({ code, signal }) {
    const how = signal ? `by signal ${signal}` : code ? `with code ${code}` : "";
    this.finish(`The shell has ended${how ? ` ${how}` : ""}.`, ...this.ways());
    say(`${this.name}: the shell has ended.`);
  }

  gone() {
    this.finish("This terminal is gone: the lab was started anew. The text stays until you close it.", ...this.ways());
  }

  ways() {
    return [
      button("New terminal", () => this.owner.create(true), { class: "tiny" }),
      button("Close", () => this.owner.close(this), { class: "tiny" }),
    ];
  }

  sessionIs(state) {
    this.session = state;
    if (state === "ready") this.nudge();
    else clearTimeout(this.retry);
  }

  // Input.

  typed(data) {
    // Questions in replayed output were answered when they were asked; of several pages, the one that was typed in last answers.
    if (isAnswer(data)) {
      if (this.drawnTo < this.position.replayEnd || !this.sizes) return;
    } else {
      this.claim();
    }
    this.send(encoder.encode(data));
  }

  send(bytes) {
    if (this.over) return false;
    if (this.socket?.readyState === WebSocket.OPEN && this.greeted) {
      this.socket.send(bytes);
      return true;
    }
    const waiting = this.held.reduce((sum, one) => sum + one.length, 0);
    if ((this.flow.held || (this.socket && this.lostAt === undefined)) && waiting + bytes.length <= HELD_INPUT) {
      this.held.push(bytes);
      return true;
    }
    this.held = [];
    if (!this.dropped) {
      this.dropped = true;
      say(`${this.name} is not connected: what you type is not sent.`);
    }
    clearTimeout(this.noted);
    if (this.note.hidden) this.showLost();
    else this.showCause();
    this.nudge();
    return false;
  }

  /** Puts a command in and presses Enter. Never kept for later: returns whether it was sent now. */
  run(text) {
    if (this.over || !this.greeted || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.claim();
    const lines = text.replace(/\r?\n/g, "\r");
    const whole = this.emulator.modes.bracketedPasteMode && lines.includes("\r") ? `\x1b[200~${lines}\x1b[201~\r` : `${lines}\r`;
    return this.send(encoder.encode(whole));
  }

  // Output that is out of sight; links.

  showFresh(output) {
    const { viewportY, baseY } = this.emulator.buffer.active;
    if (viewportY >= baseY) this.fresh.hidden = true;
    else if (output) this.fresh.hidden = false;
  }

  target(text) {
    this.linkTarget.hidden = text === null;
    if (text === null) return;
    const url = safeAddress(text);
    this.linkTarget.textContent = url ? `Ctrl+click: ${url.href}` : "not an address that is opened";
  }

  follow(event, text) {
    if (!event.ctrlKey && !event.metaKey) return;
    const url = safeAddress(text);
    if (!url) return;
    const port = loopbackPort(url);
    if (port !== null) {
      if (this.owner.openPort(url, port)) return;
      say(`Port ${port} of the lab has no tab.`);
      this.linkTarget.hidden = false;
      this.linkTarget.textContent = `Port ${port} is inside the lab and has no tab here.`;
      return;
    }
    open(url.href, "_blank", "noopener,noreferrer");
  }

  /** The last lines as plain text. */
  lastText(lines = 200) {
    const buffer = this.emulator.buffer.active;
    const end = buffer.baseY + buffer.cursorY + 1;
    const out = [];
    for (let at = Math.max(0, end - lines); at < end; at += 1) {
      const line = buffer.getLine(at);
      if (!line) continue;
      const text = line.translateToString(true);
      if (line.isWrapped && out.length) out[out.length - 1] += text;
      else out.push(text);
    }
    return out.join("\n").trimEnd();
  }

  dispose() {
    this.over = true;
    this.disposed = true;
    clearTimeout(this.retry);
    clearTimeout(this.noted);
    this.away.abort();
    this.socket?.close();
    this.emulator.dispose();
  }
}
