/**
 * <pick-field><input list="a-datalist"></pick-field>: a combobox over a datalist's options, whose
 * text is the note beside the name. <pick-field values="/explore/values/"> asks for the values of
 * the property that its form names (in `new_property`, or under another `prefix`, or in `by`) instead.
 * With `words` the notes are looked through, too. Without this module the datalist does the work.
 * The choice is announced by the input's own `change`.
 */

import { el } from 'portal/lib/dom.js';
import { place } from 'portal/lib/popovers.js';
import { listed, ranked, valuesOf } from 'portal/lib/pick-options.js';

const MOST = 60;
const WAIT_MS = 140;
let count = 0;

class PickField extends HTMLElement {
  #input;
  #list;
  #status;
  #options = [];
  #at = -1;
  #typed = false;
  #chooses = false;
  #timer = 0;
  #abort = null;
  #source = '';

  connectedCallback() {
    this.#input ??= this.#prepare();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  #prepare() {
    const input = this.querySelector('input');
    const id = `pick-${++count}`;
    this.#source = input.getAttribute('list') ?? '';
    dress(input, id);
    // htmx puts the attributes of what it swapped in back, a moment later.
    new MutationObserver(() => dress(input, id)).observe(input, { attributeFilter: ['list', 'role'] });
    this.#list = el('div', { class: 'popover pick-list', id, role: 'listbox', popover: 'manual', 'aria-label': input.labels?.[0]?.textContent.trim() || 'Choices', onpointerdown: (event) => event.preventDefault(), onclick: (event) => this.#click(event) });
    this.#status = el('span', { class: 'visually-hidden', role: 'status' });
    this.append(this.#list, this.#status);
    input.addEventListener('click', () => this.#open());
    input.addEventListener('input', () => this.#write());
    input.addEventListener('keydown', (event) => this.#key(event));
    input.addEventListener('blur', () => this.#close());
    return input;
  }

  get #isOpen() { return this.#list.matches(':popover-open'); }

  async #open() {
    if (this.#isOpen) return;
    this.#typed = false;
    if (!this.hasAttribute('several')) this.#input.select(); // typing looks for another
    await this.#show();
  }

  #write() {
    if (this.#chooses) return;
    this.#typed = true;
    clearTimeout(this.#timer);
    // What is at hand is shown before the next key, which may already be the one that chooses.
    if (this.hasAttribute('values')) this.#timer = setTimeout(() => this.#show(), WAIT_MS);
    else this.#show();
  }

  /** What is looked for: all while nothing was typed; in a list of values, the last one. */
  get #wanted() {
    const text = this.#input.value;
    if (!this.#typed) return '';
    return (this.hasAttribute('several') ? text.split(',').at(-1) : text).trim();
  }

  async #show() {
    const options = await this.#find();
    if (!options || document.activeElement !== this.#input) return;
    this.#options = ranked(options, this.#wanted, this.hasAttribute('words')).slice(0, MOST);
    this.#at = this.#options.findIndex((option) => !this.#typed && option.value === this.#input.value);
    this.#draw();
    if (!this.#options.length) return this.#close();
    if (!this.#isOpen) this.#list.showPopover();
    this.#list.style.minWidth = `${this.#input.offsetWidth}px`;
    place(this.#list, this.#input);
    this.#input.setAttribute('aria-expanded', 'true');
    this.#move(this.#at);
  }

  async #find() {
    if (!this.hasAttribute('values')) return listed(this.#source);
    this.#abort?.abort();
    this.#abort = new AbortController();
    const asked = { form: this.#input.form, prefix: this.getAttribute('prefix') ?? 'new_', event: this.getAttribute('event'), wanted: this.#wanted };
    return valuesOf(this.getAttribute('values'), asked, this.#abort.signal);
  }

  #draw() {
    this.#list.replaceChildren(...this.#options.map((option, place) => el('div', { class: 'pick-option', role: 'option', id: `${this.#list.id}-${place}`, 'aria-selected': 'false' },
      el('span', { class: 'pick-value' }, option.value || 'Any event'), el('span', { class: 'pick-note faint num' }, option.note))));
    this.#status.textContent = `${this.#options.length} choices`;
  }

  #move(to) {
    this.#at = to;
    [...this.#list.children].forEach((row, place) => row.setAttribute('aria-selected', String(place === to)));
    this.#list.children[to]?.scrollIntoView({ block: 'nearest' });
    if (to >= 0) this.#input.setAttribute('aria-activedescendant', `${this.#list.id}-${to}`);
    else this.#input.removeAttribute('aria-activedescendant');
  }

  #key(event) {
    const last = this.#options.length - 1;
    if (['ArrowDown', 'ArrowUp'].includes(event.key)) {
      event.preventDefault();
      if (!this.#isOpen) return this.#open();
      return this.#move(event.key === 'ArrowDown' ? (this.#at >= last ? 0 : this.#at + 1) : (this.#at <= 0 ? last : this.#at - 1));
    }
    if (!this.#isOpen) return undefined;
    if (event.key === 'Enter' && this.#at >= 0) {
      event.preventDefault();
      this.#choose(this.#at);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (event.key === 'Enter') {
      this.#close();
    }
    return undefined;
  }

  #click(event) {
    const row = event.target.closest('[role="option"]');
    if (row) this.#choose([...this.#list.children].indexOf(row));
  }

  #choose(place) {
    const { value } = this.#options[place];
    const before = this.hasAttribute('several') ? this.#input.value.split(',').slice(0, this.#typed ? -1 : undefined).map((part) => part.trim()).filter(Boolean) : [];
    this.#input.value = [...before, value].join(', ');
    this.#close();
    this.#chooses = true;
    this.#input.dispatchEvent(new Event('input', { bubbles: true }));
    this.#chooses = false;
    this.#input.dispatchEvent(new Event('change', { bubbles: true }));
  }

  #close() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    if (this.#isOpen) this.#list.hidePopover();
    this.#input.setAttribute('aria-expanded', 'false');
    this.#input.removeAttribute('aria-activedescendant');
  }
}

function dress(input, id) {
  if (input.hasAttribute('list')) input.removeAttribute('list');
  if (input.getAttribute('role') === 'combobox') return;
  for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': id, autocomplete: 'off' })) input.setAttribute(name, value);
}

customElements.define('pick-field', PickField);
