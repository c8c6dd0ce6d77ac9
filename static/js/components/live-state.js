/** <live-state state="live">: a dot with its word. live, stale, connecting, paused, offline. */

import { el } from 'portal/lib/dom.js';
import { clockTime } from 'portal/lib/stale-mark.js';

const WORDS = {
  live: ['Live', 'success', 'Values arrive as they are counted'],
  stale: ['Stale', 'warning', 'Some values could not be counted anew; the last ones stay'],
  connecting: ['Connecting', 'warning', 'Waiting for the live connection'],
  paused: ['Paused', '', 'Live updates are paused'],
  offline: ['Not live', 'critical', 'The connection is lost; the last values stay'],
};

class LiveState extends HTMLElement {
  static observedAttributes = ['state'];

  get state() { return this.getAttribute('state') ?? 'connecting'; }

  set state(state) { if (state !== this.state) this.setAttribute('state', state); }

  /** Say a state, and since when where it is no good one. */
  say(state, since = NaN) {
    if (state === 'live' || state === 'connecting' || !(this.state === state && this.dataset.since)) {
      const from = Number.isFinite(since) ? since : Date.now();
      this.dataset.since = ['stale', 'offline'].includes(state) ? clockTime(from) : '';
    }
    this.state = state;
  }

  connectedCallback() {
    this.setAttribute('role', 'status');
    this.classList.add('live');
    this.attributeChangedCallback();
  }

  attributeChangedCallback() {
    const [word, kind, title] = WORDS[this.state] ?? WORDS.connecting;
    this.title = title;
    const since = this.dataset.since ? ` since ${this.dataset.since}` : '';
    this.replaceChildren(el('i', { class: `dot dot-${kind}` }), el('span', {}, word + since));
  }
}

customElements.define('live-state', LiveState);
