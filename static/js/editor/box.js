/** One widget's box on the editor's board: its head is the grip, its edges and corner resize. */

import { isRow, titleOf } from 'portal/editor/document.js';
import { labelOf } from 'portal/editor/words.js';
import { el, icon } from 'portal/lib/dom.js';

const EDGES = ['e', 's', 'w', 'se'];

/** Build the box of a widget; `dressed` puts into it what changes. */
export function made(widget) {
  const menu = el('button', { type: 'button', class: 'icon-button icon-button-s', 'data-box-menu': true, 'aria-haspopup': 'menu' }, icon('ellipsis', 'icon-s'));
  const fold = el('button', { type: 'button', class: 'icon-button icon-button-s fold-button', 'data-fold': true }, icon('chevron-down', 'icon-s'));
  const head = el('div', { class: 'card-head', 'data-grip': true }, isRow(widget) ? fold : icon('grip-vertical', 'icon-s grip-mark'), el('h2', {}), el('div', { class: 'card-tools' }, menu));
  const box = el('section', { tabindex: '0', role: 'group', 'aria-roledescription': 'widget', 'aria-keyshortcuts': 'Enter Space Delete', 'data-widget': widget.id }, head);
  if (!isRow(widget)) box.append(el('div', { class: 'card-body', 'data-body': true, inert: true }), ...EDGES.map((edge) => el('i', { class: `edge edge-${edge}`, 'data-edge': edge, 'aria-hidden': 'true' })));
  return box;
}

/**
 * @param {HTMLElement} box
 * @param {any} widget
 * @param {{kinds: Map<string, any>, isSelected: boolean, isHeld: boolean, isFolded: boolean, isOpen: boolean, members: number}} state
 */
export function dressed(box, widget, state) {
  const names = { 'is-selected': state.isSelected, 'is-held': state.isHeld, 'is-open': state.isOpen };
  const kept = ['is-error', 'is-waiting', 'is-dragged'].filter((name) => box.classList.contains(name));
  box.className = ['card', 'widget', `widget-${widget.config.kind}`, 'edit-box', ...kept, ...Object.keys(names).filter((name) => names[name])].join(' ');
  box.setAttribute('aria-label', labelOf(widget, state.kinds, state.isSelected));
  box.querySelector('[data-box-menu]').setAttribute('aria-label', `Menu of ${titleOf(widget)}`);
  const title = box.querySelector('h2');
  const shown = isRow(widget) && state.isFolded ? `${titleOf(widget)} (${state.members})` : titleOf(widget);
  if (title.textContent !== shown) title.textContent = shown;
  title.classList.toggle('faint', !widget.title);
  const fold = box.querySelector('[data-fold]');
  if (fold) {
    fold.setAttribute('aria-expanded', String(!state.isFolded));
    fold.setAttribute('aria-label', `${state.isFolded ? 'Unfold' : 'Fold'} ${titleOf(widget)}`);
  }
}

/** Put a box onto the grid. */
export function positioned(box, { x, w, h }, y) {
  for (const [name, value] of Object.entries({ '--x': x + 1, '--y': y + 1, '--w': w, '--h': h })) box.style.setProperty(name, String(value));
}
