/**
 * <variable-list>: the variables of a dashboard's document, to add, order, change and remove.
 * `variables` is the document's list, `dashboard` the uid that previews are asked of, `document` the
 * whole, in which a new name reaches every use. Emits variables:change {variables, document?}.
 */

import { el, icon, toast } from 'portal/lib/dom.js';
import { previewOf, renamedIn } from 'portal/editor/variable-preview.js';
import { fieldsOf, KINDS, freshVariable } from 'portal/editor/variable-fields.js';

const WAIT_MS = 400;
const MOST_SHOWN = 12;
let made = 0;

class VariableList extends HTMLElement {
  #variables = [];
  #open = -1;
  #states = new Map();
  #timer = 0;
  #abort = null;
  #problem = null;
  /** @type {string} */
  dashboard = '';
  /** @type {object|null} */
  document = null;

  connectedCallback() {
    this.classList.add('variable-list');
    this.#draw();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  get variables() { return this.#variables; }

  set variables(variables) {
    const isOwn = variables === this.#variables;
    this.#variables = variables;
    if (!isOwn && this.isConnected) this.#draw();
  }

  #draw() {
    const rows = this.#variables.map((variable, place) => this.#row(variable, place));
    const empty = el('p', { class: 'soft' }, 'Variables stand above the board: who looks chooses a server, a plan or a country, and every widget follows. Write $name in a query, a title or a text.');
    const add = el('button', { type: 'button', class: 'button', onclick: () => this.#add() }, icon('plus'), 'Add a variable');
    this.replaceChildren(rows.length ? el('ol', { class: 'variable-rows' }, ...rows) : empty, add);
    this.#ask();
  }

  #row(variable, place) {
    const isOpen = place === this.#open;
    made += 1;
    const id = `variable-form-${made}`;
    const head = el('div', { class: 'variable-row-head' },
      el('button', { type: 'button', class: 'variable-row-name', 'aria-expanded': String(isOpen), 'aria-controls': id, onclick: () => this.#toggle(place) }, icon(isOpen ? 'chevron-down' : 'chevron-right', 'icon-s'), el('code', {}, `$${variable.name}`), el('span', { class: 'faint' }, KINDS[variable.kind] ?? variable.kind)),
      this.#tool('arrow-up', `Move ${variable.name} up`, place > 0, () => this.#move(place, -1)),
      this.#tool('arrow-down', `Move ${variable.name} down`, place < this.#variables.length - 1, () => this.#move(place, 1)),
      this.#tool('copy', `Duplicate ${variable.name}`, true, () => this.#duplicate(place)),
      this.#tool('x', `Remove ${variable.name}`, true, () => this.#remove(place)));
    const form = el('div', { class: 'variable-form', id, hidden: !isOpen });
    if (isOpen) form.append(...fieldsOf(variable, id, (change) => this.#change(place, change)));
    return el('li', { class: 'variable-row', 'data-name': variable.name }, head, form, el('div', { class: 'variable-preview', 'data-preview': variable.name }));
  }

  #tool(name, label, isUsable, act) {
    return el('button', { type: 'button', class: 'icon-button icon-button-s', 'aria-label': label, title: label, disabled: !isUsable, onclick: act }, icon(name, 'icon-s'));
  }

  #toggle(place) {
    this.#open = this.#open === place ? -1 : place;
    this.#draw();
    this.querySelectorAll('.variable-row-name')[place]?.focus();
  }

  #say(variables) {
    this.#variables = variables;
    this.dispatchEvent(new CustomEvent('variables:change', { bubbles: true, detail: { variables } }));
  }

  #add() {
    this.#say([...this.#variables, freshVariable(this.#variables)]);
    this.#open = this.#variables.length - 1;
    this.#draw();
    this.querySelector('.variable-form:not([hidden]) input')?.select();
  }

  #duplicate(place) {
    const copy = { ...structuredClone(this.#variables[place]), name: freshVariable(this.#variables, this.#variables[place].name).name };
    this.#say(this.#variables.toSpliced(place + 1, 0, copy));
    this.#draw();
  }

  #remove(place) {
    this.#say(this.#variables.toSpliced(place, 1));
    this.#open = -1;
    this.#draw();
    this.querySelector('button')?.focus();
  }

  #move(place, by) {
    const order = [...this.#variables];
    [order[place], order[place + by]] = [order[place + by], order[place]];
    this.#open = this.#open === place ? place + by : -1;
    this.#say(order);
    this.#draw();
    this.querySelectorAll('.variable-row-head')[place + by]?.querySelector(`[aria-label$="${by < 0 ? 'up' : 'down'}"]:not([disabled]), .variable-row-name`)?.focus();
  }

  /** `redraw`: the form itself has other fields now. */
  #change(place, { redraw = false, ...change }) {
    const before = this.#variables[place];
    if (change.name !== undefined && change.name !== before.name) return this.#rename(before.name, change.name);
    this.#say(this.#variables.with(place, { ...before, ...change }));
    if (redraw) this.#draw();
    else this.#ask();
    return undefined;
  }

  /** A new name reaches every query, title, text and link that uses the old one. */
  async #rename(from, to) {
    const whole = { ...this.document, variables: this.#variables };
    try {
      const document = await renamedIn(this.dashboard, whole, from, to);
      this.#variables = document.variables;
      this.document = document;
      this.dispatchEvent(new CustomEvent('variables:change', { bubbles: true, detail: { variables: document.variables, document } }));
    } catch (failure) {
      toast(failure.message, 'critical');
    }
    this.#draw();
  }

  /** What every variable would offer, once nobody types. */
  #ask() {
    this.#show();
    clearTimeout(this.#timer);
    if (!this.#variables.length || !this.dashboard) return;
    this.#timer = setTimeout(async () => {
      this.#abort?.abort();
      this.#abort = new AbortController();
      const found = await previewOf(this.dashboard, this.#variables, this.#abort.signal);
      if (!found) return;
      this.#states = new Map(found.states.map((state) => [state.name, state]));
      this.#problem = found.problem;
      this.#show();
    }, WAIT_MS);
  }

  #show() {
    this.#variables.forEach((variable, place) => {
      const box = this.querySelectorAll('[data-preview]')[place];
      const state = this.#states.get(variable.name);
      const own = this.#problem?.field.startsWith(`variables[${place}]`) ? this.#problem.message : state?.problem;
      if (own) box?.replaceChildren(el('p', { class: 'field-error', role: 'alert' }, own));
      else box?.replaceChildren(...(state ? options(state) : []));
    });
  }
}

function options(state) {
  const shown = state.options.slice(0, MOST_SHOWN).map(({ text, value }) => el('span', { class: 'badge', title: value }, text));
  const more = state.options.length + state.more - shown.length;
  if (!shown.length) return [el('p', { class: 'faint small' }, state.kind === 'query' ? 'Nothing is offered in this range.' : '')];
  return [...shown, more > 0 ? el('span', { class: 'faint small' }, `and ${more} more`) : ''];
}



customElements.define('variable-list', VariableList);
