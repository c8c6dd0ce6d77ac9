/** Ask a person about each conflict, both sides shown; resolves with the picks, or null when put off. */

import { sideText, subject } from 'portal/editor/merging.js';
import { el, icon } from 'portal/lib/dom.js';

/**
 * @param {import('portal/editor/merging.js').Conflict[]} conflicts
 * @param {{titles: Map<string, string>, who: string, saves: boolean}} about
 * @returns {Promise<('yours'|'theirs')[]|null>}
 */
export function decide(conflicts, { titles, who, saves }) {
  const places = conflicts.filter((conflict) => conflict.field === 'position');
  const others = conflicts.filter((conflict) => conflict.field !== 'position');
  const fields = others.map((conflict, index) => choice(`conflict-${index}`, subject(conflict, titles), sideText(conflict, conflict.yours), sideText(conflict, conflict.theirs), who));
  if (places.length) fields.push(choice('conflict-places', placesOf(places, titles), placeText(places, 'yours'), placeText(places, 'theirs'), who));
  const all = (side) => fields.forEach((field) => { field.querySelector(`input[value="${side}"]`).checked = true; });
  const picked = (conflict) => {
    const name = conflict.field === 'position' ? 'conflict-places' : `conflict-${others.indexOf(conflict)}`;
    return form.querySelector(`input[name="${name}"]:checked`).value;
  };
  const form = el('form', { method: 'dialog', class: 'conflict-form' },
    el('p', { class: 'soft' }, `You and ${who} changed the same. Everything else is joined already: choose here, field by field.`),
    el('div', { class: 'row conflict-all' }, el('button', { type: 'button', class: 'button button-s', onclick: () => all('yours') }, 'All mine'), el('button', { type: 'button', class: 'button button-s', onclick: () => all('theirs') }, 'All theirs')),
    el('div', { class: 'stack-s' }, ...fields),
    el('div', { class: 'form-actions' }, el('button', { class: 'button button-primary', value: 'done' }, icon('check'), saves ? 'Take these and save' : 'Take these'), el('button', { class: 'button', value: 'later', formnovalidate: true }, 'Not now')));
  return shown(form, conflicts, picked);
}

function shown(form, conflicts, picked) {
  const dialog = el('dialog', { class: 'dialog dialog-wide', 'aria-labelledby': 'conflict-title' },
    el('div', { class: 'dialog-head' }, el('h2', { id: 'conflict-title' }, `${conflicts.length === 1 ? 'One conflict' : `${conflicts.length} conflicts`} to decide`)),
    el('div', { class: 'dialog-body' }, form));
  document.body.append(dialog);
  dialog.showModal();
  form.querySelector('input:checked')?.focus();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue === 'done' ? conflicts.map(picked) : null);
      dialog.remove();
    });
  });
}

/** Two radios side by side, each with what that side says. */
function choice(name, legend, yours, theirs, who) {
  const side = (value, label, text) => el('label', { class: 'conflict-side' },
    el('span', { class: 'check' }, el('input', { type: 'radio', name, value, checked: value === 'yours' }), el('span', { class: 'strong' }, label)),
    el('span', { class: 'conflict-text' }, text));
  return el('fieldset', { class: 'conflict' }, el('legend', {}, legend), el('div', { class: 'conflict-sides' }, side('yours', 'Mine', yours), side('theirs', `Of ${who}`, theirs)));
}

const placesOf = (places, titles) => (places.length === 1 ? `Place of “${titles.get(places[0].key) || places[0].key}”` : `Places of ${places.length} widgets`);

function placeText(places, side) {
  if (places.length === 1) return sideText(places[0], places[0][side]);
  return places.slice(0, 4).map((conflict) => `${conflict.key}: column ${conflict[side].x + 1}, row ${conflict[side].y + 1}`).join('; ') + (places.length > 4 ? '; …' : '');
}
