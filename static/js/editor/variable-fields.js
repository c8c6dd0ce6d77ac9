/** The form of one variable: which fields a kind has, and what they change. */

import { el } from 'portal/lib/dom.js';
import { ALL } from 'portal/lib/look.js';

export const KINDS = { query: 'From a query', custom: 'A list', interval: 'An interval', text: 'Text', constant: 'A constant', server: 'A Prometheus server' };
const SOURCES = { promql: 'Labels of metrics', property: 'Values of a property', sql: 'SQL' };
const SORTS = { none: 'As they come', name: 'By name', name_desc: 'By name, backwards', number: 'By number', number_desc: 'By number, backwards' };
const QUERIES = {
  promql: ['Look-up', 'label_values(up, instance)', 'label_values(metric, label), label_values(label), label_names(), metrics(regex) or query_result(query)'],
  property: ['Property', 'plan', 'A property of events; or {"property": "plan", "of": "person"}'],
  sql: ['SELECT', 'SELECT DISTINCT platform FROM events', 'The first column is the value; two columns __value and __text say both'],
};

/** A variable that nobody has yet. */
export function freshVariable(variables, base = 'variable') {
  const taken = new Set(variables.map(({ name }) => name));
  let name = base;
  for (let number = 2; taken.has(name); number += 1) name = `${base}${number}`;
  return { name, label: '', kind: 'query', source: 'promql', query: '', options: [], multi: false, include_all: false, all_value: '', regex: '', sort: 'none', value: '', hidden: false };
}

/**
 * @param {object} variable
 * @param {string} id a prefix for the fields' ids
 * @param {(change: object) => void} change what is different now; `redraw` where other fields are needed
 */
export function fieldsOf(variable, id, change) {
  const field = (name, label, control, help = '') => el('div', { class: 'field' }, el('label', { for: `${id}-${name}` }, label), control, help ? el('p', { class: 'field-help', id: `${id}-${name}-help` }, help) : null);
  const input = (name, label, attributes = {}, help = '') => field(name, label, el('input', { id: `${id}-${name}`, class: 'input', value: variable[name] ?? '', autocomplete: 'off', 'aria-describedby': help ? `${id}-${name}-help` : null, onchange: ({ target }) => change({ [name]: target.value }), ...attributes }), help);
  const select = (name, label, choices, redraw = false) => field(name, label, el('select', { id: `${id}-${name}`, class: 'select', onchange: ({ target }) => change({ [name]: target.value, redraw }) }, ...Object.entries(choices).map(([value, text]) => el('option', { value, selected: value === variable[name] }, text))));
  const flag = (name, label, redraw = false) => el('label', { class: 'switch' }, el('input', { type: 'checkbox', role: 'switch', checked: variable[name], onchange: ({ target }) => change({ ...withFlag(variable, name, target.checked), redraw }) }), label);
  const area = (name, label, text, read, attributes, help) => field(name, label, el('textarea', { id: `${id}-${name}`, class: 'textarea input mono', spellcheck: 'false', rows: 3, 'aria-describedby': help ? `${id}-${name}-help` : null, oninput: ({ target }) => change({ [name]: read(target.value) }), ...attributes }, text), help);
  const names = [input('name', 'Name', { maxlength: 50, pattern: '[A-Za-z][A-Za-z0-9_]*', class: 'input mono' }, 'Used as $name'), input('label', 'Label', { placeholder: variable.name, maxlength: 120 }), select('kind', 'Kind', KINDS, true)];
  return [el('div', { class: 'variable-pair' }, ...names), ...OWN[variable.kind]?.({ variable, input, select, flag, area }) ?? [], el('div', { class: 'variable-flags' }, flag('hidden', 'Hidden above the board'))];
}

const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

const several = ({ variable, flag, input }) => [
  el('div', { class: 'variable-flags' }, flag('multi', 'Several can be chosen'), flag('include_all', 'All can be chosen', true)),
  ...(variable.include_all ? [input('all_value', 'What All stands for', { placeholder: 'every option', class: 'input mono' }, 'An expression of your own, such as .+; left empty, All is every option')] : []),
];

const list = (help) => (form) => form.area('options', 'Options, one a line', form.variable.options.join('\n'), lines, {}, help);

const OWN = {
  query: (form) => {
    const [label, placeholder, help] = QUERIES[form.variable.source] ?? QUERIES.promql;
    return [
      form.select('source', 'Source', SOURCES, true),
      form.area('query', label, form.variable.query, (text) => text, { placeholder }, help),
      el('div', { class: 'variable-pair' }, form.input('regex', 'Keep what matches', { placeholder: '/web-(.*)/', class: 'input mono' }, 'A group takes that part; groups text and value both'), form.select('sort', 'Order', SORTS)),
      ...several(form),
    ];
  },
  custom: (form) => [list('“value”, or “label : value”')(form), ...several(form)],
  interval: (form) => [list('1m, 5m, 1h; auto fits the picture')(form)],
  text: (form) => [form.input('value', 'Text where nobody types')],
  constant: (form) => [form.input('value', 'Value')],
  server: () => [],
};

/** Taking a flag away takes with it what only it allows. */
function withFlag(variable, name, isOn) {
  const values = [variable.value].flat().filter(Boolean);
  const multi = name === 'multi' ? isOn : variable.multi;
  const left = name === 'include_all' && !isOn ? values.filter((value) => value !== ALL) : values;
  return { [name]: isOn, value: multi ? left : left[0] ?? '' };
}
