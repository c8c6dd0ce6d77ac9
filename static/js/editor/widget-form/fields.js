/**
 * Fields of the widget editor, built from what the server says of an option.
 *
 * @typedef {{name: string, label: string, kind: string, choices: [string, string][], help: string, default: any, group: string, least: number|null, most: number|null, in_overrides: boolean, sources: string[]}} Option
 * @typedef {(value: any) => void} Change undefined takes the option away
 */

import { el, icon } from 'portal/lib/dom.js';

let count = 0;

/** A fresh id for a field and its label. */
export const freshId = (name = 'field') => `wf-${name}-${++count}`;

/** A label above its control, a hint below; the control gets the label's id. */
export function labelled(label, control, help = '') {
  control.id ||= freshId();
  const hint = help ? el('p', { class: 'hint', id: `${control.id}-hint` }, help) : null;
  if (hint) control.setAttribute('aria-describedby', hint.id);
  return el('div', { class: 'field wf-field' }, el('label', { for: control.id }, label), control, hint);
}

export function input(value, change, attributes = {}) {
  const made = el('input', { class: 'input', autocomplete: 'off', spellcheck: 'false', ...attributes });
  made.value = value ?? '';
  made.addEventListener('input', () => change(made.value));
  return made;
}

export function area(value, change, attributes = {}) {
  const made = el('textarea', { class: 'textarea', spellcheck: 'false', ...attributes });
  made.value = value ?? '';
  made.addEventListener('input', () => change(made.value));
  return made;
}

/** @param {[string, string][]} choices value and words */
export function select(value, choices, change, attributes = {}) {
  const made = el('select', { class: 'select', ...attributes }, ...choices.map(([key, words]) => el('option', { value: key, selected: key === String(value ?? '') }, words)));
  made.addEventListener('change', () => change(made.value));
  return made;
}

export function check(label, value, change, attributes = {}) {
  const box = el('input', { type: 'checkbox', role: 'switch', ...attributes });
  box.checked = Boolean(value);
  box.addEventListener('change', () => change(box.checked));
  return el('label', { class: 'switch' }, box, label);
}

/** A number, or nothing; what is no number yet is not told. */
export function number(value, change, attributes = {}) {
  return input(value ?? '', (text) => {
    if (text.trim() === '') change(undefined);
    else if (Number.isFinite(Number(text))) change(Number(text));
  }, { inputmode: 'decimal', ...attributes });
}

export function button(name, label, press, attributes = {}) {
  return el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': label, title: label, onclick: press, ...attributes }, icon(name, 'icon-s'));
}

export function textButton(name, label, press, attributes = {}) {
  return el('button', { type: 'button', class: 'button button-s', onclick: press, ...attributes }, icon(name, 'icon-s'), label);
}

/** Choose one of a few, by arrows too: a group of radio buttons that look like buttons. */
export function radios(label, value, choices, change) {
  const name = freshId('radio');
  const made = choices.map(([key, words, sign]) => {
    const box = el('input', { type: 'radio', name, value: key, class: 'visually-hidden' });
    box.checked = key === value;
    box.addEventListener('change', () => change(key));
    return el('label', { class: 'wf-choice' }, box, sign ? icon(sign, 'icon-s') : null, words);
  });
  return el('fieldset', { class: 'wf-choices' }, el('legend', { class: 'visually-hidden' }, label), ...made);
}

/** Take an entry out of an object when its value is nothing. */
export function put(object, name, value) {
  const isNothing = value === undefined || value === null || value === '' || (Array.isArray(value) && !value.length);
  if (isNothing) delete object[name];
  else object[name] = value;
  return object;
}

/** What stands at a name such as "config.options.value"; the name "" is the whole. */
export const atPath = (object, path) => (path === '' ? object : path.split('.').reduce((at, name) => at?.[name], object));

/** Put a value there, making the objects around it; nothing takes it and empty objects away. */
export function putPath(object, path, value) {
  const [name, ...rest] = path.split('.');
  if (!rest.length) return put(object, name, value);
  const inner = putPath({ ...object[name] }, rest.join('.'), value);
  return put(object, name, Object.keys(inner).length ? inner : undefined);
}
