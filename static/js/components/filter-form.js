/**
 * <filter-form popover>: adds a filter to the page's address, or changes one. Buttons with
 * data-filter-for="A" open it for a row, those with data-edit (JSON) with a filter to change.
 */

import { place } from 'portal/lib/popovers.js';

const UNARY = ['is_set', 'is_not_set'];
const LISTS = ['in', 'not_in'];

class FilterForm extends HTMLElement {
  #opener = null;

  connectedCallback() {
    this.addEventListener('change', (event) => this.#changed(event));
    this.addEventListener('submit', () => queueMicrotask(() => this.hidePopover()));
    this.addEventListener('toggle', (event) => {
      if (event.newState === 'closed') this.#reset();
    });
    this.#shape();
  }

  get #form() { return this.querySelector('form'); }

  /** @param {HTMLElement} opener @param {string} part the row's key, nothing for all */
  add(opener, part) {
    if (this.#form.elements.new_in) this.#form.elements.new_in.value = part;
    this.#open(opener);
  }

  /** @param {HTMLElement} opener @param {{property: string, op: string, text: string, of: string, in: string, cohort: number, packed: string}} filter */
  edit(opener, filter) {
    const { elements } = this.#form;
    if (filter.cohort) {
      elements['new-kind'].value = 'cohort';
      elements.new_cohort_op.value = filter.op;
      elements.new_cohort.value = String(filter.cohort);
    } else {
      elements.new_property.value = filter.property;
      elements.new_op.value = filter.op;
      elements.new_value.value = filter.text;
      elements.new_of.value = filter.of;
    }
    if (elements.new_in) elements.new_in.value = filter.in;
    this.#replaced(filter.packed).forEach((input) => { input.disabled = true; });
    this.#say('Change filter');
    this.#open(opener);
    if (!filter.cohort) elements.new_value.select();
  }

  /** What is being written here, for the form that takes this one's place; null while it is closed. */
  get draft() {
    if (!this.matches(':popover-open')) return null;
    const { elements } = this.#form;
    const names = [...new Set([...elements].map(({ name, id }) => name || id).filter((name) => name.startsWith('new')))];
    return {
      values: names.map((name) => [name, elements[name].value]),
      packed: [...this.#form.querySelectorAll('input[name="where"]:disabled')].map(({ value }) => value),
      opener: this.#opener.id,
      focus: document.activeElement.name,
    };
  }

  /** Go on with what was being written in the form before this one. */
  resume({ values, packed, opener, focus }) {
    const { elements } = this.#form;
    for (const [name, value] of values) if (elements[name]) elements[name].value = value;
    packed.flatMap((value) => this.#replaced(value)).forEach((input) => { input.disabled = true; });
    if (packed.length) this.#say('Change filter');
    this.#open(document.getElementById(opener) ?? document.querySelector('[data-filter-for]'));
    elements[focus]?.focus?.();
  }

  #open(opener) {
    this.#opener = opener;
    this.#shape();
    this.showPopover();
    place(this, opener);
  }

  #replaced(packed) {
    return [...this.#form.querySelectorAll('input[name="where"]')].filter((input) => input.value === packed).slice(0, 1);
  }

  #say(words) { this.querySelector('[type="submit"], .button-primary').textContent = words; }

  #reset() {
    this.#form.reset();
    this.#shape();
    this.#form.querySelectorAll('input[name="where"]').forEach((input) => { input.disabled = false; });
    this.#say('Add filter');
  }

  // A change in here asks nothing yet: the form around it must not hear of it.
  #changed(event) {
    event.stopPropagation();
    this.#shape();
    if (event.target.name === 'new_property' && event.isTrusted === false) this.#form.elements.new_value.focus();
  }

  #shape() {
    const { new_op: op, new_value: value, 'new-kind': kind } = this.#form.elements;
    for (const fields of this.querySelectorAll('[data-kind]')) {
      fields.disabled = fields.dataset.kind !== (kind?.value ?? 'property');
      fields.hidden = fields.disabled;
    }
    value.closest('.field').hidden = UNARY.includes(op.value);
    value.closest('pick-field')?.toggleAttribute('several', LISTS.includes(op.value));
  }
}

customElements.define('filter-form', FilterForm);

document.addEventListener('click', (event) => {
  const panel = document.getElementById('filter-form');
  const adds = event.target.closest?.('[data-filter-for]');
  const edits = event.target.closest?.('[data-edit]');
  if (!(panel instanceof FilterForm) || !(adds || edits)) return;
  event.preventDefault();
  if (panel.matches(':popover-open')) panel.hidePopover();
  if (adds) panel.add(adds, adds.dataset.filterFor);
  else panel.edit(edits, JSON.parse(edits.dataset.edit));
});
