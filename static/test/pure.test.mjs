import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer, Seen } from "../js/pure/announcer.js";
import { Backoff, LONGEST, SHORTEST } from "../js/pure/backoff.js";
import { moved, spoken } from "../js/pure/choices.js";
import { languageOf, loopbackPort, nameProblem, safeAddress } from "../js/pure/links.js";
import { commandsOf, harmless, mustAsk } from "../js/pure/paste.js";
import { Flow, Position, isAnswer, sizeText } from "../js/pure/resume.js";
import { LEAST, MOST, USUAL, kept, nextTab, onKey } from "../js/pure/split.js";
import { ServerClock, clockText, crossed, leftText, momentText, spanText } from "../js/pure/time.js";

test("what comes close together is spoken once, in one breath", () => {
  const spoken = [];
  const due = [];
  const announcer = new Announcer((text) => spoken.push(text), { schedule: (run, after) => due.push([run, after]) });
  announcer.say("Task 2 passed, 3 of 6");
  announcer.say("Task 2 passed, 3 of 6");
  announcer.say("Task 3 is broken now.");
  announcer.say("  ");
  assert.equal(spoken.length, 0);
  assert.deepEqual(due.map(([, after]) => after), [2000]);
  due[0][0]();
  assert.deepEqual(spoken, ["Task 2 passed, 3 of 6. Task 3 is broken now."]);
  announcer.say("Task 2 passed, 3 of 6");
  due[1][0]();
  assert.equal(spoken.length, 2);
});

test("an event is taken once, also when a reconnect brings it again", () => {
  const seen = new Seen(10);
  assert.deepEqual([9, 10, 11, 11, 12, undefined].map((id) => seen.take(id)), [false, false, true, false, true, true]);
});

test("waiting grows from half a second to fifteen and never ends", () => {
  for (const random of [() => 0, () => 1]) {
    const backoff = new Backoff(random);
    const waits = Array.from({ length: 60 }, () => backoff.next());
    assert.equal(waits[0], SHORTEST);
    assert.ok(waits.every((wait) => wait >= SHORTEST && wait <= LONGEST));
    assert.ok(waits.at(-1) >= 0.75 * LONGEST);
    backoff.reset();
    assert.equal(backoff.next(), SHORTEST);
  }
});

test("the server's clock goes on by the monotonic one", () => {
  let monotonic = 1000;
  const clock = new ServerClock(() => monotonic);
  clock.set(5_000_000);
  monotonic += 250;
  assert.equal(clock.now(), 5_000_250);
});

test("time left is words", () => {
  const deadline = Date.UTC(2026, 10, 24, 15, 10);
  assert.equal(leftText(42 * 60_000, deadline, "UTC"), "42 min, until 15:10");
  assert.equal(leftText(41 * 60_000 + 1, deadline, "UTC"), "42 min, until 15:10");
  assert.equal(leftText(90 * 60_000, deadline, "UTC"), "1 h 30 min, until 15:10");
  assert.equal(leftText(59_001, deadline, "UTC"), "60 s, until 15:10");
  assert.equal(leftText(60_001, undefined), "2 min");
  assert.equal(leftText(0, deadline, "UTC"), "time is up");
  assert.equal(clockText(deadline, "Europe/Berlin"), "16:10");
  assert.equal(momentText(deadline, deadline + 60_000, "UTC"), "15:10");
  assert.equal(momentText(deadline, deadline + 24 * 3_600_000, "UTC"), "24 Nov 2026, 15:10");
  assert.equal(spanText(3_600_000), "1 h");
  assert.equal(spanText(26 * 3_600_000), "1 day");
});

test("time left is spoken at 15, 5 and 1 minutes, once each", () => {
  assert.equal(crossed(15 * 60_000 + 1, 15 * 60_000), 15);
  assert.equal(crossed(15 * 60_000, 14 * 60_000), null);
  assert.equal(crossed(20 * 60_000, 4 * 60_000), 5);
  assert.equal(crossed(61_000, 60_000), 1);
  assert.equal(crossed(61_000, -5), null);
});

test("many lines are asked about where each would run at once", () => {
  assert.equal(mustAsk("ls\n", false), false);
  assert.equal(mustAsk("ls\nrm -r x", false), true);
  assert.equal(mustAsk("ls\r\nrm -r x", false), true);
  assert.equal(mustAsk("ls\nrm -r x", true), false);
  assert.equal(harmless("a\x1b[201~rm -r x\x1b[200~"), "arm -r x");
});

test("only commands are copied", () => {
  assert.equal(commandsOf("$ git status\nOn branch main\n$ git log \\\n> --oneline\nabc\n", "console"), "git status\ngit log \\\n--oneline");
  assert.equal(commandsOf("python - <<'PY'\nprint(1)\nPY\n", "bash"), "python - <<'PY'\nprint(1)\nPY");
  assert.equal(commandsOf("$ python - <<'PY'\nprint(1)\nPY\n1\n$ ls\n", "console"), "python - <<'PY'\nprint(1)\nPY\nls");
});

test("the separator answers to arrows, Home, End and Enter alone", () => {
  const at = (value, key, collapsed = false) => onKey({ value, collapsed }, key);
  assert.equal(at(38, "ArrowLeft").value, 36);
  assert.equal(at(38, "ArrowRight").value, 40);
  assert.equal(onKey({ value: 38, collapsed: false }, "ArrowRight", true).value, 36);
  assert.equal(at(LEAST, "ArrowLeft").value, LEAST);
  assert.equal(at(MOST, "ArrowRight").value, MOST);
  assert.equal(at(38, "Home").value, LEAST);
  assert.equal(at(38, "End").value, MOST);
  assert.deepEqual(at(38, "Enter"), { value: 38, collapsed: true });
  assert.deepEqual(at(38, "ArrowRight", true), { value: 38, collapsed: false });
  assert.equal(at(38, "x"), null);
  assert.deepEqual([kept(null), kept("50"), kept("999"), kept("words")], [USUAL, 50, MOST, USUAL]);
  assert.deepEqual(["ArrowRight", "ArrowLeft", "Home", "End", "Tab"].map((key) => nextTab(2, 3, key)), [0, 1, 0, 2, null]);
});

test("a terminal goes on with the next byte", () => {
  const position = new Position();
  assert.deepEqual(position.hello({ sequence: 0, end: 100, truncated: false }), { lost: 0, restart: false, cut: false });
  assert.equal(position.bytes(60), true);
  assert.equal(position.bytes(40), true);
  assert.equal(position.bytes(5), false);
  assert.equal(position.next, 105);
  assert.deepEqual(position.hello({ sequence: 105, end: 105, truncated: false }), { lost: 0, restart: false, cut: false });
  assert.deepEqual(position.hello({ sequence: 500, end: 900, truncated: true }), { lost: 395, restart: false, cut: false });
  assert.equal(position.skipped({ from: 500, to: 700 }), 200);
  assert.equal(position.next, 700);
  assert.equal(position.hello({ sequence: 0, end: 10, truncated: true }).restart, true);
  const late = new Position();
  assert.equal(late.hello({ sequence: 77, end: 99, truncated: true }).cut, true);
});

test("a flood closes the connection above one mark and opens it below the other", () => {
  const flow = new Flow(100, 10);
  assert.equal(flow.received(90), false);
  assert.equal(flow.received(20), true);
  assert.equal(flow.received(20), false);
  assert.equal(flow.drawn(90), false);
  assert.equal(flow.drawn(35), true);
  assert.equal(flow.drawn(5), false);
  assert.equal(flow.pending, 0);
});

test("answers of the emulator are told from keys", () => {
  for (const answer of ["\x1b[?1;2c", "\x1b[>0;276;0c", "\x1b[12;40R", "\x1b[0n", "\x1b]11;rgb:ffff/ffff/ffff\x1b\\", "\x1bP1$r0m\x1b\\", "\x1b[?2026;2$y", "\x1b[I"]) {
    assert.ok(isAnswer(answer), JSON.stringify(answer));
  }
  for (const key of ["a", "\x1b", "\x1b[A", "\x1bOP", "\x03", "\r", "\x1b[200~x\x1b[201~", "\x1b[1;5C"]) {
    assert.ok(!isAnswer(key), JSON.stringify(key));
  }
});

test("addresses and names", () => {
  assert.equal(safeAddress("javascript:alert(1)"), null);
  assert.equal(safeAddress("http://bank.example@evil.example/"), null);
  assert.equal(loopbackPort(safeAddress("http://127.0.0.1:8080/x")), 8080);
  assert.equal(loopbackPort(safeAddress("http://localhost/")), 80);
  assert.equal(loopbackPort(safeAddress("https://example.org/")), null);
  assert.equal(nameProblem("a/b.py"), null);
  for (const bad of ["", "/etc/x", "../x", "a//b", "a\nb", "./x"]) assert.ok(nameProblem(bad), bad);
  assert.deepEqual(
    ["Dockerfile", "x/train.py", "dvc.yaml", "run.sh", "a.json", "README.md", "notes", "Dockerfile.gpu"].map(languageOf),
    ["dockerfile", "python", "yaml", "shell", "json", "markdown", null, "dockerfile"],
  );
  assert.deepEqual([sizeText(12), sizeText(12_345), sizeText(3_400_000)], ["12 bytes", "12 kB", "3.4 MB"]);
});

test("arrows walk through choices and back to the words", () => {
  assert.deepEqual([moved("ArrowDown", -1, 3), moved("ArrowDown", 2, 3), moved("ArrowUp", -1, 3), moved("ArrowUp", 0, 3)], [0, -1, 2, -1]);
  assert.deepEqual([moved("PageDown", -1, 3), moved("PageDown", 0, 20), moved("PageUp", 3, 20), moved("PageUp", -1, 20)], [2, 5, 0, -1]);
  assert.deepEqual([moved("Home", 1, 3), moved("ArrowDown", 4, 0)], [1, -1]);
});

test("what was found is said in one sentence", () => {
  const said = (count, more, kind, words) => spoken({ results: Array(count), more, answered: { kind, words } });
  assert.equal(said(0, false, "as-asked"), "Nothing found.");
  assert.equal(said(1, false, "as-asked"), "1 result.");
  assert.equal(said(12, true, "as-asked"), "The first 12 results.");
  assert.equal(said(2, false, "corrected", "leakage"), "2 results for leakage.");
  assert.equal(said(2, false, "in-part"), "2 results with some of the words.");
});
