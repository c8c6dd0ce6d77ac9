/** One option of a widget as a field: which control its kind has. */

import { el } from 'portal/lib/dom.js';
import 'portal/components/pick-field.js';
import { area, check, freshId, input, labelled, number, put, select } from 'portal/editor/widget-form/fields.js';
import { namedField, rowsField } from 'portal/editor/widget-form/nested-rows.js';
import { overridesField } from 'portal/editor/widget-form/overrides.js';
import { transformationsField } from 'portal/editor/widget-form/transformations.js';
import { colorField, linksField, mappingsField, thresholdsField } from 'portal/editor/widget-form/value-rows.js';

/** @typedef {import('portal/editor/widget-form/fields.js').Option} Option */

const text = (option, value, context, change) => labelled(option.label, input(value, (now) => change(now || undefined), { placeholder: option.default ?? '' }), option.help);
const whole = (option, value, context, change) => labelled(option.label, number(value, change, { placeholder: option.default ?? 'auto', min: option.least, max: option.most, class: 'input wf-short' }), option.help);

const CONTROLS = {
  text,
  server: text,
  paragraph: (option, value, context, change) => labelled(option.label, area(value, (now) => change(now || undefined)), option.help),
  number: whole,
  whole,
  flag: (option, value, context, change) => el('div', { class: 'field wf-field' }, check(option.label, value ?? option.default ?? false, (now) => change(now === Boolean(option.default) ? undefined : now)), option.help ? el('p', { class: 'hint' }, option.help) : null),
  choice: (option, value, context, change) => labelled(option.label, select(value ?? option.default ?? '', withUsual(option), (now) => change(now === '' || now === option.default ? undefined : now)), option.help),
  choices: severalField,
  names: (option, value, context, change) => labelled(option.label, input((value ?? []).join(', '), (now) => change(listed(now)), { placeholder: 'one, another' }), option.help || 'Separated by commas.'),
  color: (option, value, context, change) => el('div', { class: 'field wf-field' }, el('span', { class: 'label' }, option.label), colorField(value, context.choices.colors, change, option.label), option.help ? el('p', { class: 'hint' }, option.help) : null),
  unit: unitField,
  duration: (option, value, context, change) => labelled(option.label, input(value, (now) => change(now || undefined), { placeholder: 'such as 5m, 24h, 7d', class: 'input wf-short' }), option.help),
  thresholds: grouped(thresholdsField),
  mappings: grouped(mappingsField),
  links: grouped(linksField),
  overrides: grouped(overridesField),
  transformations: grouped(transformationsField),
  repeat: repeatField,
  object: objectField,
  rows: rowsField,
  named: namedField,
  server: serverField,
};

/**
 * @param {Option} option
 * @param {any} value
 * @param {{choices: any, document?: any, draw: typeof optionField}} context
 * @param {(value: any) => void} change
 */
export function optionField(option, value, context, change) {
  const made = (CONTROLS[option.kind] ?? objectField)(option, value, { ...context, draw: optionField }, change);
  Object.assign(made.dataset, { option: option.name, kind: option.kind });
  made.append(el('p', { class: 'field-error', 'data-problem': true, role: 'alert', hidden: true }));
  return made;
}

/** The fields that are lists have a heading of their own already. */
function grouped(draw) {
  return (option, value, context, change) => el('div', { class: 'wf-field', role: 'group', 'aria-label': option.label }, option.help ? el('p', { class: 'hint' }, option.help) : null, draw(value, context, change));
}

function withUsual(option) {
  const known = option.choices.map(([key]) => key);
  return option.default != null && known.includes(option.default) ? option.choices : [...(known.includes('') ? [] : [['', 'Usual']]), ...option.choices];
}

const listed = (words) => {
  const found = words.split(',').map((word) => word.trim()).filter(Boolean);
  return found.length ? found : undefined;
};

function severalField(option, value, context, change) {
  const chosen = new Set(value ?? option.default ?? []);
  const boxes = option.choices.map(([key, words]) => {
    const box = el('input', { type: 'checkbox' });
    box.checked = chosen.has(key);
    box.addEventListener('change', () => {
      if (box.checked) chosen.add(key);
      else chosen.delete(key);
      const kept = option.choices.map(([name]) => name).filter((name) => chosen.has(name));
      change(kept.length ? kept : undefined);
    });
    return el('label', { class: 'check' }, box, words);
  });
  return el('div', { class: 'field wf-field' }, el('fieldset', { class: 'choices wf-several' }, el('legend', {}, option.label), ...boxes), option.help ? el('p', { class: 'hint' }, option.help) : null);
}

/** Any word is a unit; the known ones are found by what they are called. */
function unitField(option, value, context, change) {
  const list = freshId('units');
  const field = el('input', { class: 'input', list, autocomplete: 'off', placeholder: 'As the answer says' });
  field.value = value ?? '';
  for (const name of ['input', 'change']) field.addEventListener(name, () => change(field.value.trim() || undefined));
  const offered = el('datalist', { id: list }, ...context.choices.units.filter(([unit]) => unit).map(([unit, words, group]) => el('option', { value: unit }, `${words}, ${group}`)));
  field.id = freshId('unit');
  return el('div', { class: 'field wf-field' }, el('label', { for: field.id }, option.label), el('pick-field', { words: true }, field), offered, el('p', { class: 'hint' }, option.help || 'Search by symbol or by name; any other word stands behind the number.'));
}

function serverField(option, value, context, change) {
  const servers = context.choices.servers.map(({ id, name }) => [String(id), name]);
  return labelled(option.label, select(String(value ?? ''), [['', 'This portal'], ...servers], (now) => change(now ? Number(now) : undefined)), option.help);
}

function repeatField(option, value, context, change) {
  const kept = { direction: 'h', ...value };
  const names = (context.document?.variables ?? []).map((one) => [one.name, one.label || one.name]);
  const tell = () => change(kept.variable ? { ...kept } : undefined);
  if (!names.length && !kept.variable) return el('div', { class: 'field wf-field' }, el('span', { class: 'label' }, option.label), el('p', { class: 'hint' }, 'The dashboard has no variables yet: add one in its settings, and a box can stand once for each of its values.'));
  return el('div', { class: 'wf-stack wf-field' },
    labelled(option.label, select(kept.variable ?? '', [['', 'Nothing'], ...names], (now) => { put(kept, 'variable', now); tell(); })),
    labelled('Boxes stand', select(kept.direction, [['h', 'side by side'], ['v', 'one below the other']], (now) => { kept.direction = now; tell(); })),
    labelled('At most in a row', number(kept.most, (now) => { put(kept, 'most', now); tell(); }, { class: 'input wf-short' })));
}

function objectField(option, value, context, change) {
  const made = area(value === undefined ? '' : JSON.stringify(value, null, 2), (now) => {
    try {
      change(now.trim() ? JSON.parse(now) : undefined);
      made.setCustomValidity('');
      made.setAttribute('aria-invalid', 'false');
    } catch {
      made.setAttribute('aria-invalid', 'true');
    }
  }, { class: 'textarea mono', rows: 3 });
  return labelled(option.label, made, option.help || 'JSON.');
}
