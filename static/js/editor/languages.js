// Colours of each language, fetched when a file of it is opened.
import { defineLanguageFacet, HighlightStyle, Language, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { tags as t } from "@lezer/highlight";

const LOADERS = {
  yaml: () => import("@codemirror/lang-yaml").then((module) => module.yaml()),
  python: () => import("@codemirror/lang-python").then((module) => module.python()),
  json: () => import("@codemirror/lang-json").then((module) => module.json()),
  // The package for CodeMirror would bring HTML, CSS and JavaScript as well, for four times the weight.
  markdown: () => import("@lezer/markdown").then((module) => new Language(defineLanguageFacet(), module.parser, [], "markdown").extension),
  dockerfile: () => import("@codemirror/legacy-modes/mode/dockerfile").then((module) => StreamLanguage.define(module.dockerFile)),
  shell: () => import("@codemirror/legacy-modes/mode/shell").then((module) => StreamLanguage.define(module.shell)),
  toml: () => import("@codemirror/legacy-modes/mode/toml").then((module) => StreamLanguage.define(module.toml)),
  properties: () => import("@codemirror/legacy-modes/mode/properties").then((module) => StreamLanguage.define(module.properties)),
};

/** The extension of a language, or an empty one: a text without colours can still be written. */
export async function loadLanguage(name) {
  try {
    return (await LOADERS[name]?.()) ?? [];
  } catch {
    return [];
  }
}

export const colours = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [t.comment, t.meta], color: "var(--muted)", fontStyle: "italic" },
    { tag: [t.keyword, t.operatorKeyword, t.controlKeyword, t.definitionKeyword, t.moduleKeyword, t.modifier], color: "var(--hold)" },
    { tag: [t.string, t.special(t.string), t.regexp], color: "var(--pass)" },
    { tag: [t.number, t.bool, t.null, t.atom, t.constant(t.name), t.escape], color: "var(--wait)" },
    { tag: [t.function(t.variableName), t.function(t.propertyName), t.definition(t.function(t.variableName)), t.heading, t.link, t.url], color: "var(--link)" },
    { tag: [t.typeName, t.className, t.namespace, t.tagName, t.standard(t.variableName)], color: "var(--ours)" },
    { tag: [t.propertyName, t.definition(t.propertyName)], color: "var(--link)" },
    { tag: t.invalid, color: "var(--fail)" },
    { tag: t.strong, fontWeight: "650" },
    { tag: t.emphasis, fontStyle: "italic" },
  ]),
);
