/** <edit-tabs>: the tabs of the document, to turn, rename, move and remove. */

import { onTab } from 'portal/editor/document.js';
import { tabAdded, tabMoved, tabRemoved, tabRenamed } from 'portal/editor/tabs.js';
import { openDialog } from 'portal/lib/dialog.js';
import { el, icon } from 'portal/lib/dom.js';

export class EditTabs extends HTMLElement {
  #session;

  start(session) {
    this.#session = session;
    this.addEventListener('keydown', (event) => this.#key(event));
    session.addEventListener('change', () => this.#render());
    this.#render();
  }

  turn(by) {
    const { tabs } = this.#session.document;
    const at = tabs.findIndex((tab) => tab.id === this.#session.tab);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (next) this.#show(next);
  }

  add() {
    ask('Add a tab', 'Title of the tab', '', (title) => {
      const made = tabAdded(this.#session.document, title);
      this.#session.change(`Added the tab ${title}`, made.document);
      this.#session.show(made.tab);
      this.#session.say(`Added the tab ${title}.`);
    });
  }

  #show(tab) {
    this.#session.show(tab.id);
    this.#session.say(`Tab ${tab.title}.`);
    this.querySelector('[aria-selected="true"]')?.focus();
  }

  #render() {
    const { document: shown, tab } = this.#session;
    this.hidden = !shown.tabs.length;
    const hadFocus = this.contains(document.activeElement);
    this.replaceChildren(
      el('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Tabs' }, ...shown.tabs.map((one) => this.#tab(one, one.id === tab))),
      el('div', { class: 'row tab-tools' }, ...this.#tools(shown.tabs.find((one) => one.id === tab))));
    if (hadFocus) this.querySelector('[aria-selected="true"]')?.focus();
  }

  #tab(one, isShown) {
    return el('button', { type: 'button', role: 'tab', 'aria-selected': String(isShown), 'aria-controls': 'edit-board', tabindex: isShown ? '0' : '-1', ondblclick: () => this.#rename(one), onclick: () => this.#show(one) }, one.title);
  }

  #tools(one) {
    if (!one) return [];
    const tool = (name, label, act) => el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': `${label} ${one.title}`, title: label, onclick: act }, icon(name, 'icon-s'));
    return [
      tool('pencil', 'Rename', () => this.#rename(one)),
      tool('chevron-left', 'Move left', () => this.#move(one, -1)),
      tool('chevron-right', 'Move right', () => this.#move(one, 1)),
      tool('trash-2', 'Remove', () => this.#remove(one)),
      el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': 'Add a tab', title: 'Add a tab', onclick: () => this.add() }, icon('plus', 'icon-s')),
    ];
  }

  #rename(one) {
    ask('Rename the tab', 'Title of the tab', one.title, (title) => this.#session.change(`Renamed the tab ${one.title}`, tabRenamed(this.#session.document, one.id, title)));
  }

  #move(one, by) {
    this.#session.change(`Moved the tab ${one.title}`, tabMoved(this.#session.document, one.id, by));
    this.#session.say(`The tab ${one.title} is number ${this.#session.document.tabs.findIndex((tab) => tab.id === one.id) + 1} now.`);
  }

  #remove(one) {
    const count = onTab(this.#session.document, one.id).length;
    this.#session.change(`Removed the tab ${one.title}`, tabRemoved(this.#session.document, one.id));
    this.#session.say(`Removed the tab ${one.title} with ${count} widgets. Ctrl Z brings it back.`);
  }

  #key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.target.getAttribute('role') !== 'tab') return;
    event.preventDefault();
    this.turn(by);
  }
}

/** Ask for one line of text. */
export function ask(title, label, value, act) {
  const input = el('input', { class: 'input', id: 'asked-for', maxlength: '60', required: true, autocomplete: 'off', value });
  const form = el('form', { method: 'dialog', onsubmit: () => act(input.value.trim()) },
    el('div', { class: 'field' }, el('label', { for: 'asked-for' }, label), input),
    el('div', { class: 'form-actions' }, el('button', { class: 'button button-primary' }, 'Done')));
  openDialog(title, [form]);
  input.select();
  input.focus();
}

customElements.define('edit-tabs', EditTabs);
