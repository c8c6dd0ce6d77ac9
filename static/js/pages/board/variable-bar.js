/**
 * <variable-bar><script type="application/json">[…]</script></variable-bar>: a dashboard's variables.
 * What is chosen goes into the address (var-x); the board follows and brings new `states` back.
 */

import 'portal/pages/board/variable-pick.js';
import { el } from 'portal/lib/dom.js';
import { lookAt, withVariable } from 'portal/lib/look.js';
import { shortcut } from 'portal/lib/shortcuts.js';

const WITH_OPTIONS = ['query', 'custom', 'interval', 'server'];

class VariableBar extends HTMLElement {
  #states = [];

  connectedCallback() {
    const script = this.querySelector('script[type="application/json"]');
    if (script) this.states = JSON.parse(script.textContent);
    this.addEventListener('variable:choose', ({ detail: { name, values } }) => lookAt(withVariable(name, values)));
    if (this.querySelector('variable-pick, input')) shortcut('v', 'Choose a variable', () => this.querySelector('variable-pick button, input')?.focus(), 'This page');
  }

  get states() { return this.#states; }

  /** @param {object[]} states what the server says of the variables, in their order */
  set states(states) {
    const known = new Map(this.#states.map((state) => [state.name, state]));
    const isSame = states.length === known.size && states.every(({ name, kind }) => known.get(name)?.kind === kind);
    this.#states = states;
    const shown = states.filter(({ kind, hidden }) => !hidden && (WITH_OPTIONS.includes(kind) || kind === 'text'));
    this.hidden = !shown.length;
    if (!isSame || !this.querySelector('[data-variable]')) this.replaceChildren(...shown.map((state) => this.#field(state)));
    for (const state of shown) this.#bring(this.querySelector(`[data-variable="${CSS.escape(state.name)}"]`), state);
  }

  #field({ name, kind, label }) {
    if (kind !== 'text') return el('variable-pick', { 'data-variable': name });
    return el('label', { class: 'variable-text', 'data-variable': name }, el('span', { class: 'variable-label' }, label),
      el('input', { class: 'input', onchange: ({ target }) => lookAt(withVariable(name, [target.value])) }));
  }

  #bring(field, state) {
    if (state.kind !== 'text') field.state = state;
    else if (document.activeElement !== field.querySelector('input')) field.querySelector('input').value = [state.value].flat()[0] ?? '';
  }
}

customElements.define('variable-bar', VariableBar);
