/** Single keys and sequences: "g d" goes, "?" helps, Ctrl-K searches. Pages add their own with `shortcut`. */

import { isTyping, jsonScript } from 'portal/lib/dom.js';

const SEQUENCE_MS = 900;
/** @type {Map<string, {keys: string, label: string, group: string, act: () => void}>} */
const bindings = new Map();
/** @type {Map<string, {keys: string, label: string, group: string}>} */
const named = new Map();
let prefix = '';
let timer = 0;

/** Bind keys ("g d", "?", "c") to an action; the label stands in the help. */
export function shortcut(keys, label, act, group = 'This page') {
  bindings.set(keys, { keys, label, act, group });
}

/** Name keys in the help that a component listens to by itself. */
export function listed(keys, label, group = 'This page') {
  named.set(`${group} ${keys}`, { keys, label, group });
}

export const shortcuts = () => [...bindings.values(), ...named.values()];

function press(event) {
  if (event.defaultPrevented) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') return run('Ctrl K', event);
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return undefined;
  if (document.querySelector('dialog[open]:modal')) return undefined;
  const keys = prefix ? `${prefix} ${event.key}` : event.key;
  prefix = '';
  clearTimeout(timer);
  if (bindings.has(keys)) return run(keys, event);
  if ([...bindings.keys()].some((bound) => bound.startsWith(`${event.key} `))) {
    prefix = event.key;
    timer = setTimeout(() => { prefix = ''; }, SEQUENCE_MS);
  }
  return undefined;
}

function run(keys, event) {
  const binding = bindings.get(keys);
  if (!binding) return;
  event.preventDefault();
  binding.act();
}

for (const section of jsonScript('nav-entries') ?? []) {
  for (const entry of section.items.filter((item) => item.key)) {
    shortcut(`g ${entry.key}`, `Go to ${entry.label}`, () => location.assign(entry.url), 'Go to');
  }
}
document.addEventListener('keydown', press);
