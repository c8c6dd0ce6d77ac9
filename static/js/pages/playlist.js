/** <turn-list>: the dashboards of a playlist, added from a select, moved and removed by buttons. */

import { el, icon } from 'portal/lib/dom.js';

class TurnList extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector('[data-adds]');
    select.addEventListener('change', () => this.#add(select));
    this.addEventListener('click', (event) => this.#act(event.target.closest('button')));
  }

  #add(select) {
    const [chosen] = select.selectedOptions;
    if (!chosen.value) return;
    this.querySelector('ol').append(entry(chosen.value, chosen.textContent));
    select.value = '';
  }

  #act(button) {
    const item = button?.closest('li');
    if (!item) return;
    if (button.hasAttribute('data-remove')) {
      const next = item.nextElementSibling ?? item.previousElementSibling;
      item.remove();
      (next?.querySelector('[data-remove]') ?? this.querySelector('[data-adds]')).focus();
    }
    const other = { '-1': item.previousElementSibling, 1: item.nextElementSibling }[button.dataset.move];
    if (!other) return;
    other[button.dataset.move === '1' ? 'after' : 'before'](item);
    button.focus(); // what is moved loses it
  }
}

function entry(uid, name) {
  const button = (attributes, shape, label) => el('button', { class: 'icon-button icon-button-s', type: 'button', 'aria-label': label, ...attributes }, icon(shape, 'icon-s'));
  return el('li', {},
    el('input', { type: 'hidden', name: 'dashboards', value: uid }), el('span', {}, name),
    button({ 'data-move': '-1' }, 'chevron-up', `Move ${name} up`), button({ 'data-move': '1' }, 'chevron-down', `Move ${name} down`), button({ 'data-remove': true }, 'x', `Remove ${name}`));
}

customElements.define('turn-list', TurnList);
