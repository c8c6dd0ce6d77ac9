/** What the editor has to say beyond the board: notices, who else is here, and that one is shut out. */

import { clockTime } from 'portal/editor/words.js';
import { el, icon } from 'portal/lib/dom.js';
import { moment } from 'portal/lib/format.js';

export class Notices {
  #place;

  constructor(place) { this.#place = place; }

  /** Say something with buttons beside it; the same name replaces what was said before. */
  show(name, words, acts) {
    this.clear(name);
    const buttons = acts.map(([label, act]) => el('button', { type: 'button', class: 'button button-s', onclick: act }, label));
    const close = el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Dismiss', onclick: () => this.clear(name) }, icon('x', 'icon-s'));
    this.#place.append(el('div', { class: 'notice notice-info', role: 'status', 'data-notice': name }, icon('info'), el('p', {}, words), ...buttons, close));
  }

  clear(name) { this.#place.querySelector(`[data-notice="${name}"]`)?.remove(); }

  /** Who else has the editor open. */
  editors(place, editors) {
    const words = editors.map((one) => `${one.name} is editing`).join(', ');
    if (place.dataset.words === words) return;
    place.dataset.words = words;
    place.replaceChildren(...editors.map((one) => el('span', { class: 'badge badge-accent', title: `Since ${clockTime(one.since)}` }, icon('pencil', 'icon-s'), `${one.name} is editing`)));
  }

  /** Close the editor for good. */
  shut(reason, way) {
    document.querySelectorAll('dialog[open]').forEach((open) => open.close());
    document.querySelectorAll('[data-shuts]').forEach((part) => { part.inert = true; });
    const dialog = el('dialog', { class: 'dialog', 'aria-labelledby': 'shut-title', oncancel: (event) => event.preventDefault() },
      el('div', { class: 'dialog-head' }, el('h2', { id: 'shut-title' }, reason)),
      el('div', { class: 'dialog-body' }, el('p', {}, 'What you had not saved is kept as your draft. Its owner or an admin can let you in again.'), el('div', { class: 'form-actions' }, el('a', { class: 'button button-primary', href: way }, 'Go on'))));
    document.body.append(dialog);
    dialog.showModal();
  }
}

/** Ask whether to go on with a draft; false discards it. */
export function askForDraft(draft) {
  const zone = document.documentElement.dataset.zone ?? 'UTC';
  const since = moment(new Date(draft.updated_at), zone, new Date());
  const form = el('form', { method: 'dialog' },
    el('p', {}, `You have an unsaved draft from ${since}.`),
    el('div', { class: 'form-actions' }, el('button', { class: 'button button-primary', value: 'go-on', autofocus: true }, 'Continue'), el('button', { class: 'button', value: 'discard' }, 'Discard it')));
  const dialog = el('dialog', { class: 'dialog', 'aria-labelledby': 'draft-title' }, el('div', { class: 'dialog-head' }, el('h2', { id: 'draft-title' }, 'Go on where you were?')), el('div', { class: 'dialog-body' }, form));
  document.body.append(dialog);
  dialog.returnValue = 'go-on'; // Escape keeps what was written
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue !== 'discard');
      dialog.remove();
    });
  });
}
