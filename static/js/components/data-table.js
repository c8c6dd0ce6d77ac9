/**
 * <data-table filter page="50"> around a .table: a head cell with data-sort="text|number|time" sorts
 * its column. Cells may carry data-value where the shown text does not sort. `filter` puts a search
 * field above the rows, `page` shows so many at a time. What somebody chose stays when the rows of a
 * widget are drawn anew.
 */

import { el, icon } from 'portal/lib/dom.js';

/** @type {WeakMap<Element, {column?: number, order?: string, words?: string, page?: number, typing?: boolean}>} */
const chosen = new WeakMap();

class DataTable extends HTMLElement {
  #state = {};
  #field;
  #pager;

  connectedCallback() {
    const host = this.closest('[data-widget]');
    if (host) this.#state = chosen.get(host) ?? chosen.set(host, {}).get(host);
    for (const head of this.querySelectorAll('thead th[data-sort]')) this.#prepare(head);
    if (this.hasAttribute('filter') && !this.#field) this.#addFilter();
    if (this.hasAttribute('page') && !this.#pager) this.#addPager();
    const head = this.#heads()[this.#state.column];
    if (head && this.#state.order) this.#sort(head, this.#state.order);
    this.#show();
  }

  #heads() { return [...this.querySelectorAll('thead th')]; }

  #prepare(head) {
    if (head.querySelector('.sort')) return;
    const label = [...head.childNodes];
    head.append(el('button', { type: 'button', class: 'sort', onclick: () => this.#turn(head) }, ...label, icon('arrow-down')));
  }

  #turn(head) {
    const isDown = head.getAttribute('aria-sort') === 'descending';
    const starts = head.dataset.sort === 'text' ? 'ascending' : 'descending';
    this.#sort(head, head.hasAttribute('aria-sort') ? (isDown ? 'ascending' : 'descending') : starts);
    this.#state.page = 0;
    this.#show();
  }

  #sort(head, order) {
    this.querySelectorAll('th[aria-sort]').forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', order);
    Object.assign(this.#state, { column: head.cellIndex, order });
    const body = this.querySelector('tbody');
    const key = keyOf(head);
    const rows = [...body.rows].map((row) => ({ row, key: key(row.cells[head.cellIndex]) }));
    rows.sort((a, b) => compare(a.key, b.key) * (order === 'ascending' ? 1 : -1));
    body.append(...rows.map(({ row }) => row));
  }

  #addFilter() {
    const typed = () => {
      Object.assign(this.#state, { words: this.#field.value, page: 0 });
      this.#show();
    };
    this.#field = el('input', { type: 'search', class: 'input input-s table-filter', placeholder: 'Search rows', 'aria-label': 'Search rows', value: this.#state.words ?? '', oninput: typed });
    this.#field.addEventListener('focus', () => { this.#state.typing = true; });
    // When the rows are drawn anew the field goes away with them, and nobody left it.
    this.#field.addEventListener('blur', () => { if (this.isConnected) this.#state.typing = false; });
    this.prepend(this.#field);
    if (this.#state.typing) this.#field.focus();
  }

  #addPager() {
    const step = (by) => () => {
      this.#state.page = (this.#state.page ?? 0) + by;
      this.#show();
      this.querySelector('.table-scroll')?.scrollTo(0, 0);
    };
    this.#pager = {
      back: el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Rows before', onclick: step(-1) }, icon('chevron-left', 'icon-s')),
      words: el('span', { class: 'faint small', 'aria-live': 'polite' }),
      on: el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Rows after', onclick: step(1) }, icon('chevron-right', 'icon-s')),
    };
    this.append(el('div', { class: 'table-pager' }, this.#pager.back, this.#pager.words, this.#pager.on));
  }

  /** Show the rows that hold the words, a page of them. */
  #show() {
    const size = Number(this.getAttribute('page')) || Infinity;
    const words = (this.#state.words ?? '').toLowerCase().split(/\s+/).filter(Boolean);
    const rows = [...(this.querySelector('tbody')?.rows ?? [])];
    const found = rows.filter((row) => words.every((word) => row.textContent.toLowerCase().includes(word)));
    const last = Math.max(0, Math.ceil(found.length / size) - 1);
    const page = Math.min(this.#state.page ?? 0, last);
    this.#state.page = page;
    const shown = new Set(size === Infinity ? found : found.slice(page * size, (page + 1) * size));
    for (const row of rows) row.hidden = !shown.has(row);
    if (!this.#pager) return;
    const from = found.length ? page * size + 1 : 0;
    this.#pager.words.textContent = `${from}–${Math.min(found.length, (page + 1) * size)} of ${found.length}`;
    this.#pager.back.disabled = page === 0;
    this.#pager.on.disabled = page === last;
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
