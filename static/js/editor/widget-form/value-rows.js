/** What colors, names and links values: thresholds, mappings, links, each as a list of rows. */

import { el } from 'portal/lib/dom.js';
import { check, input, labelled, number, put, radios, select } from 'portal/editor/widget-form/fields.js';
import { listField } from 'portal/editor/widget-form/list-field.js';

const LADDER = ['success', 'warning', 'critical', 'info', 'accent'];
const SHOWN = [['none', 'Not drawn'], ['line', 'Lines'], ['dashed', 'Dashed lines'], ['area', 'Areas'], ['line+area', 'Lines and areas'], ['dashed+area', 'Dashed lines and areas']];
const SPECIAL = [['null', 'No value'], ['nan', 'Not a number'], ['null+nan', 'No value or not a number'], ['true', 'True'], ['false', 'False'], ['empty', 'An empty text']];
const KINDS = [['value', 'Value'], ['range', 'Range'], ['regex', 'Pattern'], ['special', 'Special']];

/** A color by name, or one of one's own. */
export function colorField(value, colors, change, label = 'Color') {
  const isOwn = Boolean(value) && !colors.includes(value);
  const own = el('input', { type: 'color', class: 'wf-own-color', 'aria-label': `${label} of your own`, hidden: !isOwn });
  own.value = isOwn ? value.slice(0, 7) : '#808080';
  const swatch = el('span', { class: 'wf-swatch', 'data-tone': value ?? '' });
  const show = (now) => {
    swatch.dataset.tone = colors.includes(now) ? now : '';
    swatch.hidden = !colors.includes(now);
    own.hidden = !now || colors.includes(now);
  };
  const list = select(isOwn ? 'own' : value ?? '', [['', 'Its own'], ...colors.map((name) => [name, name]), ['own', 'Other…']], (chosen) => {
    const now = chosen === 'own' ? own.value : chosen;
    show(now);
    change(now || undefined);
  }, { 'aria-label': label, class: 'select input-auto' });
  own.addEventListener('input', () => change(own.value));
  show(value);
  return el('span', { class: 'wf-color' }, swatch, list, own);
}

export function thresholdsField(value, { choices }, change) {
  const kept = { mode: 'absolute', ...value, steps: value?.steps ?? [] };
  const tell = () => change(kept.steps.length ? { ...kept } : undefined);
  const steps = listField({
    label: 'Steps', add: 'Add a step', rows: kept.steps, name: (row, index) => `step ${index + 1}`,
    fresh: (rows) => ({ value: rows.length ? (rows.at(-1).value ?? 0) + 10 : null, color: LADDER[rows.length % LADDER.length] }),
    change: (rows) => { kept.steps = rows; tell(); },
    draw: (row, told, index) => [
      row.value === null ? el('span', { class: 'wf-base soft' }, 'From the lowest on') : number(row.value, (now) => { if (now !== undefined) told(Object.assign(row, { value: now })); }, { 'aria-label': `Step ${index + 1}: from`, class: 'input wf-short' }),
      colorField(row.color, choices.colors, (now) => told(Object.assign(row, { color: now ?? 'neutral' })), `Step ${index + 1}: color`),
    ],
  });
  return el('div', { class: 'wf-stack' },
    radios('Steps are', kept.mode, [['absolute', 'Values'], ['percentage', 'Percent of lowest to highest']], (mode) => { kept.mode = mode; tell(); }),
    steps,
    labelled('On the chart', select(kept.shown ?? 'none', SHOWN, (shown) => { put(kept, 'shown', shown === 'none' ? undefined : shown); tell(); })));
}

export function mappingsField(value, { choices }, change) {
  return listField({
    label: 'Value mappings', add: 'Add a mapping', rows: value ?? [], ordered: true, name: (row, index) => `mapping ${index + 1}`,
    fresh: () => ({ kind: 'value', match: '', text: '' }),
    change,
    draw: (row, told, index) => {
      const spot = el('span', { class: 'wf-match' });
      const say = `Mapping ${index + 1}`;
      const tell = () => told(row);
      const shape = () => spot.replaceChildren(...matchFields(row, tell, say));
      shape();
      return [
        select(row.kind, KINDS, (kind) => {
          for (const name of ['match', 'from', 'to']) delete row[name];
          Object.assign(row, { kind }, kind === 'range' ? {} : { match: kind === 'special' ? 'null' : '' });
          shape();
          tell();
        }, { 'aria-label': `${say}: kind`, class: 'select input-auto' }),
        spot,
        input(row.text, (text) => { put(row, 'text', text); tell(); }, { 'aria-label': `${say}: shown text`, placeholder: 'Shown text' }),
        colorField(row.color, choices.colors, (color) => { put(row, 'color', color); tell(); }, `${say}: color`),
      ];
    },
  });
}

function matchFields(row, tell, say) {
  if (row.kind === 'range') {
    const end = (name, words) => number(row[name], (now) => { put(row, name, now); tell(); }, { 'aria-label': `${say}: ${words}`, placeholder: words, class: 'input wf-short' });
    return [end('from', 'from'), end('to', 'to')];
  }
  if (row.kind === 'special') return [select(row.match, SPECIAL, (match) => { row.match = match; tell(); }, { 'aria-label': `${say}: which` })];
  return [input(row.match, (match) => { row.match = match; tell(); }, { 'aria-label': `${say}: ${row.kind === 'regex' ? 'regular expression' : 'value'}`, placeholder: row.kind === 'regex' ? '^5..$' : 'Value', class: row.kind === 'regex' ? 'input mono' : 'input' })];
}

export function linksField(value, _, change) {
  return listField({
    label: 'Links', add: 'Add a link', rows: value ?? [], ordered: true, name: (row, index) => `link ${index + 1}`,
    fresh: () => ({ title: '', url: '' }),
    change: (rows) => change(rows.filter((row) => row.url)),
    draw: (row, told, index) => [
      input(row.title, (title) => told(Object.assign(row, { title })), { 'aria-label': `Link ${index + 1}: words`, placeholder: 'Words' }),
      input(row.url, (url) => told(Object.assign(row, { url })), { 'aria-label': `Link ${index + 1}: address`, placeholder: 'https://… or /dashboards/…?var-host=${__series}', class: 'input mono' }),
      check('New tab', row.new_tab, (now) => told(put(row, 'new_tab', now || undefined))),
    ],
  });
}
