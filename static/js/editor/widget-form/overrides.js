/** Overrides: other options for some series or columns. Each has whom it is for, and a few options. */

import { el } from 'portal/lib/dom.js';
import { button, input, select } from 'portal/editor/widget-form/fields.js';
import { listField } from 'portal/editor/widget-form/list-field.js';

const BY = [['name', 'Name is'], ['names', 'Name is one of'], ['regexp', 'Name matches'], ['type', 'Type is'], ['unit', 'Unit is'], ['query', 'Query is']];
const TYPES = [['number', 'number'], ['string', 'text'], ['time', 'time'], ['boolean', 'true or false'], ['json', 'JSON']];

export function overridesField(value, context, change) {
  return listField({
    label: 'Overrides', add: 'Add an override', rows: value ?? [], ordered: true, name: (row, index) => `override ${index + 1}`,
    fresh: () => ({ match: { by: 'name', value: '' }, options: {} }),
    change,
    draw: (row, told, index) => {
      const spot = el('span', { class: 'wf-match' });
      const say = `Override ${index + 1}`;
      const shape = () => spot.replaceChildren(whom(row.match, () => told(row), say));
      shape();
      const by = select(row.match.by, BY, (now) => {
        row.match = { by: now, value: { names: [], type: 'number', query: 'A' }[now] ?? '' };
        shape();
        told(row);
      }, { 'aria-label': `${say}: for whom`, class: 'select input-auto' });
      return [by, spot, ownOptions(row, context, () => told(row), say)];
    },
  });
}

function whom(match, tell, say) {
  const told = (value) => { match.value = value; tell(); };
  if (match.by === 'type') return select(match.value, TYPES, told, { 'aria-label': `${say}: type` });
  if (match.by === 'names') return input(match.value.join(', '), (now) => told(now.split(',').map((one) => one.trim()).filter(Boolean)), { 'aria-label': `${say}: names`, placeholder: 'one, another' });
  return input(match.value, told, { 'aria-label': `${say}: ${match.by}`, placeholder: match.by === 'regexp' ? '^cpu' : '', class: match.by === 'regexp' ? 'input mono' : 'input' });
}

function ownOptions(row, context, tell, say) {
  const known = context.choices.override_options;
  const list = el('div', { class: 'wf-own-options' });
  const adder = el('select', { class: 'select input-auto', 'aria-label': `${say}: add an option` });
  adder.addEventListener('change', () => {
    row.options[adder.value] = usual(known.find((one) => one.name === adder.value));
    drawAll();
    list.lastElementChild?.querySelector('input, select, textarea')?.focus();
    tell();
  });

  function drawAll() {
    const given = known.filter((one) => one.name in row.options);
    list.replaceChildren(...given.map((option) => {
      const field = context.draw(option, row.options[option.name], context, (value) => {
        row.options[option.name] = value ?? usual(option);
        tell();
      });
      const remove = button('x', `${say}: remove ${option.label}`, () => {
        delete row.options[option.name];
        drawAll();
        adder.focus();
        tell();
      });
      return el('div', { class: 'wf-own-option' }, field, remove);
    }));
    adder.replaceChildren(el('option', { value: '' }, 'Add an option…'), ...known.filter((one) => !(one.name in row.options)).map((one) => el('option', { value: one.name }, one.label)));
  }

  drawAll();
  return el('div', { class: 'wf-stack' }, list, adder);
}

/** What an override says as soon as the option is chosen; nothing that the check refuses. */
function usual(option) {
  if (option.kind === 'flag') return !option.default;
  if (option.kind === 'choice') return option.choices[0]?.[0] ?? '';
  if (option.kind === 'color') return 'accent';
  if (['number', 'whole'].includes(option.kind)) return option.least ?? 0;
  if (['mappings', 'links', 'choices', 'names'].includes(option.kind)) return [];
  if (option.kind === 'thresholds') return { mode: 'absolute', steps: [] };
  return '';
}
