/** <live-state state="live">: a dot with its word. live, connecting, paused, offline. */

import { el } from 'portal/lib/dom.js';

const WORDS = {
  live: ['Live', 'success', 'Values arrive as they are counted'],
  connecting: ['Connecting', 'warning', 'Waiting for the live connection'],
  paused: ['Paused', '', 'Live updates are paused'],
  offline: ['Not live', 'critical', 'The connection is lost; the last values stay'],
};

class LiveState extends HTMLElement {
  static observedAttributes = ['state'];

  get state() { return this.getAttribute('state') ?? 'connecting'; }

  set state(state) { if (state !== this.state) this.setAttribute('state', state); }

  connectedCallback() {
    this.setAttribute('role', 'status');
    this.classList.add('live');
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    const [word, kind, title] = WORDS[this.state] ?? WORDS.connecting;
    this.title = title;
    this.replaceChildren(el('i', { class: `dot dot-${kind}` }), el('span', {}, word));
  }
}

customElements.define('live-state', LiveState);
