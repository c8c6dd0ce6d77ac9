/** Transformations: a list in the order in which they are applied, each with its own options. */

import { el } from 'portal/lib/dom.js';
import { atPath, check, input, put, putPath, select } from 'portal/editor/widget-form/fields.js';
import { listField } from 'portal/editor/widget-form/list-field.js';

export function transformationsField(value, context, change) {
  const known = context.choices.transformations;
  const words = known.map((one) => [one.id, one.label]);
  return listField({
    label: 'Transformations', add: 'Add a transformation', rows: value ?? [], ordered: true, duplicates: true, name: (row, index) => `transformation ${index + 1}`,
    fresh: () => ({ id: known[0]?.id ?? '', options: {} }),
    change,
    draw: (row, told, index) => {
      const spot = el('div', { class: 'wf-stack' });
      const tell = () => told(row);
      const shape = () => spot.replaceChildren(...ownFields(row, known, context, tell));
      shape();
      const chosen = (id) => {
        Object.assign(row, { id, options: {} });
        shape();
        tell();
      };
      const isKnown = known.some((one) => one.id === row.id);
      const kind = known.length
        ? select(row.id, isKnown ? words : [[row.id, `${row.id} (unknown)`], ...words], chosen, { 'aria-label': `Transformation ${index + 1}` })
        : input(row.id, chosen, { 'aria-label': `Transformation ${index + 1}` });
      return [kind, check('Off', row.disabled, (now) => { put(row, 'disabled', now || undefined); tell(); }), spot];
    },
  });
}

function ownFields(row, known, context, tell) {
  const one = known.find(({ id }) => id === row.id);
  const help = one?.help ? el('p', { class: 'hint' }, one.help) : null;
  if (!one?.options.length) {
    const whole = { name: 'options', label: 'Options', kind: 'object', choices: [], help: '', default: null };
    return [help, one && !Object.keys(row.options).length ? null : context.draw(whole, row.options, context, (options) => { row.options = options ?? {}; tell(); })].filter(Boolean);
  }
  return [help, ...one.options.map((option) => context.draw(option, atPath(row.options, option.name), context, (value) => { putPath(row.options, option.name, value); tell(); }))].filter(Boolean);
}
