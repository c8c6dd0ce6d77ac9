/**
 * <variable-pick>: a button with what is chosen of a variable, and a list to choose from.
 * `state` is what the server says of the variable. Emits variable:choose {name, values}.
 */

import { el, icon } from 'portal/lib/dom.js';
import { ALL } from 'portal/lib/look.js';
import { place } from 'portal/lib/popovers.js';

const MOST_DRAWN = 300;
let made = 0;

export class VariablePick extends HTMLElement {
  #state = null;
  #chosen = new Set();
  #at = 0;
  #button;
  #panel;
  #search;
  #list;
  #count;

  get state() { return this.#state; }

  set state(state) {
    this.#state = state;
    if (!this.#button) this.#build();
    if (!this.#isOpen) this.#chosen = new Set([state.value].flat().filter(Boolean));
    this.#button.replaceChildren(el('span', { class: 'variable-label' }, state.label), el('span', { class: 'variable-value' }, state.text || 'None'), icon('chevron-down', 'icon-s'));
    this.#button.classList.toggle('has-problem', Boolean(state.problem));
    this.#button.title = state.problem || `${state.label}: ${state.text || 'none'}`;
    if (this.#isOpen) this.#draw();
  }

  focus() { this.#button.focus(); }

  open() { this.#button.click(); }

  get #isOpen() { return this.#panel?.matches(':popover-open') ?? false; }

  #build() {
    made += 1;
    const id = `variable-${made}`;
    this.#list = el('div', { class: 'variable-options', role: 'listbox', id: `${id}-list`, 'aria-label': this.#state.label, 'aria-multiselectable': String(this.#state.multi), onclick: (event) => this.#click(event) });
    this.#search = el('input', { class: 'input', type: 'search', autofocus: true, role: 'combobox', autocomplete: 'off', spellcheck: 'false', 'aria-controls': `${id}-list`, 'aria-expanded': 'true', 'aria-label': `Search ${this.#state.label}`, placeholder: 'Search', oninput: () => this.#draw(0), onkeydown: (event) => this.#key(event) });
    this.#count = el('p', { class: 'variable-count faint small', role: 'status' });
    this.#panel = el('div', { class: 'popover variable-panel', id, popover: 'auto', role: 'dialog', 'aria-label': this.#state.label }, this.#search, this.#list, this.#count);
    if (this.#state.multi) this.#panel.append(el('div', { class: 'variable-foot' }, el('button', { type: 'button', class: 'button button-primary button-s', onclick: () => this.#panel.hidePopover() }, 'Apply')));
    // Before it opens, with the search taking the focus as it does: what is typed at once is searched.
    this.#panel.addEventListener('beforetoggle', (event) => { if (event.newState === 'open') this.#start(); });
    this.#panel.addEventListener('toggle', (event) => (event.newState === 'open' ? this.#opened() : this.#apply()));
    this.#button = el('button', { type: 'button', class: 'button variable-button', popovertarget: id, 'aria-haspopup': 'dialog' });
    this.append(this.#button, this.#panel);
  }

  #start() {
    this.#chosen = new Set([this.#state.value].flat().filter(Boolean));
    this.#search.value = '';
    this.#draw(Math.max(0, this.#shown().findIndex(({ value }) => this.#chosen.has(value))));
  }

  #opened() {
    place(this.#panel, this.#button);
    this.#list.children[this.#at]?.scrollIntoView({ block: 'nearest' });
  }

  /** All, then what holds the words that are typed; what is typed can be chosen where nothing has it. */
  #shown() {
    const words = this.#search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const options = this.#state.include_all ? [{ value: ALL, text: 'All' }, ...this.#state.options] : this.#state.options;
    return options.filter(({ text, value }) => words.every((word) => text.toLowerCase().includes(word) || value.toLowerCase().includes(word))).slice(0, MOST_DRAWN);
  }

  #draw(at = this.#at) {
    const shown = this.#shown();
    this.#at = Math.min(at, Math.max(0, shown.length - 1));
    this.#list.replaceChildren(...shown.map((option, row) => this.#option(option, row)));
    const active = this.#list.children[this.#at];
    active?.scrollIntoView({ block: 'nearest' });
    if (active) this.#search.setAttribute('aria-activedescendant', active.id);
    else this.#search.removeAttribute('aria-activedescendant');
    this.#count.textContent = this.#words(shown.length);
  }

  #option({ value, text }, row) {
    const isChosen = this.#chosen.has(value);
    return el('div', { class: `variable-option${row === this.#at ? ' is-active' : ''}`, role: 'option', id: `${this.#list.id}-${row}`, 'data-value': value, 'aria-selected': String(isChosen) },
      this.#state.multi ? el('span', { class: 'variable-box', 'aria-hidden': 'true' }, isChosen ? icon('check', 'icon-s') : '') : null,
      el('span', {}, text), !this.#state.multi && isChosen ? icon('check', 'icon-s') : null);
  }

  #words(shown) {
    if (this.#state.problem) return this.#state.problem;
    const more = this.#state.more ? ` The first ${this.#state.options.length} are listed.` : '';
    return shown ? `${shown} to choose from.${more}` : 'Nothing to choose from.';
  }

  #key(event) {
    const last = this.#list.children.length - 1;
    const moves = { ArrowDown: this.#at >= last ? 0 : this.#at + 1, ArrowUp: this.#at <= 0 ? last : this.#at - 1, PageDown: Math.min(last, this.#at + 10), PageUp: Math.max(0, this.#at - 10) };
    if (event.key in moves) {
      event.preventDefault();
      this.#draw(Math.max(0, moves[event.key]));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const active = this.#list.children[this.#at];
      if (this.#state.multi && (event.ctrlKey || event.metaKey || !active)) this.#panel.hidePopover();
      else if (active) this.#take(active.dataset.value);
    }
  }

  #click(event) {
    const row = event.target.closest('[role="option"]');
    if (row) this.#take(row.dataset.value);
  }

  #take(value) {
    if (!this.#state.multi) {
      this.#chosen = new Set([value]);
      this.#panel.hidePopover();
      return;
    }
    if (value === ALL) this.#chosen = new Set(this.#chosen.has(ALL) ? [] : [ALL]);
    else if (!this.#chosen.delete(value)) this.#chosen.add(value);
    if (value !== ALL) this.#chosen.delete(ALL);
    this.#draw([...this.#list.children].findIndex((row) => row.dataset.value === value));
  }

  #apply() {
    const before = [this.#state.value].flat().filter(Boolean);
    const values = [...this.#chosen];
    this.#button.focus();
    if (!values.length || (values.length === before.length && values.every((value) => before.includes(value)))) return;
    this.dispatchEvent(new CustomEvent('variable:choose', { bubbles: true, detail: { name: this.#state.name, values } }));
  }
}

customElements.define('variable-pick', VariablePick);
