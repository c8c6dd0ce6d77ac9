/** Options that hold objects: a list of them, or one for each name; their fields are options again. */

import { el } from 'portal/lib/dom.js';
import { atPath, input, putPath } from 'portal/editor/widget-form/fields.js';
import { listField } from 'portal/editor/widget-form/list-field.js';

const fieldsOf = (option, value, context, put) => option.fields.map((field) => context.draw({ fields: [], ...field, group: '' }, atPath(value, field.name), context, (now) => put(field, now)));

export function rowsField(option, value, context, change) {
  const rows = listField({
    label: option.label, add: 'Add', rows: value ?? [], ordered: true, name: (row, index) => `${option.label}, row ${index + 1}`,
    fresh: () => option.fields.reduce((row, field) => (field.default == null ? row : putPath(row, field.name, field.default)), {}),
    change,
    draw: (row, told) => [el('div', { class: 'wf-stack' }, ...fieldsOf(option, row, context, (field, now) => told(putPath(row, field.name, now ?? field.default ?? undefined))))],
  });
  return group(option, rows);
}

/** An object by name; of one field without a name its values are plain. */
export function namedField(option, value, context, change) {
  const isPlain = option.fields.length === 1 && option.fields[0].name === '';
  const entries = Object.entries(value ?? {}).map(([name, of]) => ({ name, of }));
  const tell = (rows) => {
    const kept = rows.filter((row) => row.name && row.of !== undefined);
    change(kept.length ? Object.fromEntries(kept.map((row) => [row.name, row.of])) : undefined);
  };
  const rows = listField({
    label: option.label, add: 'Add', rows: entries, name: (row, index) => row.name || `row ${index + 1}`,
    fresh: () => ({ name: '', of: isPlain ? { flag: true, whole: 0 }[option.fields[0].kind] ?? '' : beginning(option) }),
    change: tell,
    draw: (row, told, index) => [el('div', { class: 'wf-stack' },
      input(row.name, (name) => told(Object.assign(row, { name })), { 'aria-label': `${option.label} ${index + 1}: field`, placeholder: 'Field' }),
      ...fieldsOf(option, row.of, context, (field, now) => told(Object.assign(row, { of: isPlain ? now : putPath({ ...row.of }, field.name, now) }))))],
  });
  return group(option, rows);
}

const beginning = (option) => option.fields.reduce((row, field) => (field.kind === 'choice' ? putPath(row, field.name, field.choices[0][0]) : row), {});

const group = (option, rows) => el('div', { class: 'wf-field', role: 'group', 'aria-label': option.label }, el('span', { class: 'label' }, option.label), option.help ? el('p', { class: 'hint' }, option.help) : null, rows);
