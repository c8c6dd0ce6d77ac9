/**
 * A list that is edited row by row: add, remove, move up and down. The keyboard stays where it works:
 * after a move on the moved row, after a removal on the next one.
 */

import { el } from 'portal/lib/dom.js';
import { button, textButton } from 'portal/editor/widget-form/fields.js';

/**
 * @template T
 * @param {{label: string, add: string, rows: T[], fresh: (rows: T[]) => T, draw: (row: T, change: (row: T) => void, index: number) => Node[], change: (rows: T[]) => void, name: (row: T, index: number) => string, ordered?: boolean, duplicates?: boolean, most?: number}} given
 */
export function listField(given) {
  const list = el('ol', { class: 'wf-list', 'aria-label': given.label });
  let rows = given.rows;
  const adder = textButton('plus', given.add, () => {
    told([...rows, given.fresh(rows)]);
    drawAll();
    focusIn(rows.length - 1);
  });

  function told(next) {
    rows = next;
    given.change(rows);
  }

  function focusIn(index, selector = 'input, select, textarea') {
    const row = list.children[Math.min(index, list.children.length - 1)];
    (row?.querySelector(selector) ?? row?.querySelector('button') ?? adder).focus();
  }

  function changeTo(next, index, selector) {
    told(next);
    drawAll();
    focusIn(index, selector);
  }

  function move(index, by) {
    const next = [...rows];
    next.splice(index + by, 0, ...next.splice(index, 1));
    changeTo(next, index + by, `[data-move="${by}"]:not([disabled])`);
  }

  function tools(row, index) {
    const name = given.name(row, index);
    return el('span', { class: 'wf-row-tools' },
      given.ordered ? button('arrow-up', `Move ${name} up`, () => move(index, -1), { 'data-move': '-1', disabled: index === 0 }) : null,
      given.ordered ? button('arrow-down', `Move ${name} down`, () => move(index, 1), { 'data-move': '1', disabled: index === rows.length - 1 }) : null,
      given.duplicates ? button('copy', `Duplicate ${name}`, () => changeTo([...rows.slice(0, index + 1), structuredClone(rows[index]), ...rows.slice(index + 1)], index + 1)) : null,
      button('x', `Remove ${name}`, () => changeTo(rows.filter((_, at) => at !== index), index, 'button')));
  }

  function drawAll() {
    list.replaceChildren(...rows.map((row, index) => {
      const change = (next) => told(rows.map((one, at) => (at === index ? next : one)));
      return el('li', { class: 'wf-row' }, el('div', { class: 'wf-row-fields' }, ...given.draw(row, change, index)), tools(row, index));
    }));
    adder.disabled = rows.length >= (given.most ?? 200);
  }

  drawAll();
  return el('div', { class: 'wf-list-field' }, list, adder);
}
