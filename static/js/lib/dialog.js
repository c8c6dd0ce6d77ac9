/** Open a dialog made on the spot; it leaves the page when it is closed. */

import { el, icon } from 'portal/lib/dom.js';

/**
 * @param {string} title
 * @param {Node[]} content
 * @param {string} [classes]
 */
export function openDialog(title, content, classes = 'dialog') {
  const dialog = el('dialog', { class: classes, 'aria-label': title, onclose: () => dialog.remove() },
    el('div', { class: 'dialog-head' }, el('h2', {}, title), el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', 'data-closes': true }, icon('x'))),
    el('div', { class: 'dialog-body' }, ...content));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
