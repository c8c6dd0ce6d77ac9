/**
 * <data-table> around a .table: a head cell with data-sort="text|number|time" sorts its column.
 * Cells may carry data-value where the shown text does not sort.
 */

import { el, icon } from 'portal/lib/dom.js';

class DataTable extends HTMLElement {
  connectedCallback() {
    for (const head of this.querySelectorAll('thead th[data-sort]')) this.#prepare(head);
  }

  #prepare(head) {
    if (head.querySelector('.sort')) return;
    const label = [...head.childNodes];
    head.append(el('button', { type: 'button', class: 'sort', onclick: () => this.#sort(head) }, ...label, icon('arrow-down')));
  }

  #sort(head) {
    const isDown = head.getAttribute('aria-sort') === 'descending';
    const starts = head.dataset.sort === 'text' ? 'ascending' : 'descending';
    const order = head.hasAttribute('aria-sort') ? (isDown ? 'ascending' : 'descending') : starts;
    this.querySelectorAll('th[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', order);
    const body = this.querySelector('tbody');
    const key = keyOf(head);
    const rows = [...body.rows].map((row) => ({ row, key: key(row.cells[head.cellIndex]) }));
    rows.sort((a, b) => compare(a.key, b.key) * (order === 'ascending' ? 1 : -1));
    body.append(...rows.map(({ row }) => row));
  }
}

function keyOf(head) {
  const text = (cell) => cell?.dataset.value ?? cell?.textContent.trim() ?? '';
  if (head.dataset.sort !== 'number') return (cell) => text(cell).toLowerCase();
  return (cell) => {
    const number = Number.parseFloat(text(cell).replaceAll(',', '').replace('−', '-'));
    return Number.isNaN(number) ? -Infinity : number;
  };
}

const compare = (a, b) => (typeof a === 'number' ? a - b : a.localeCompare(b, undefined, { numeric: true }));

customElements.define('data-table', DataTable);
