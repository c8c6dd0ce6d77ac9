/** <status-line hx-get hx-trigger>: what the server says of itself; and when it says nothing, since when. */

import { el, icon } from 'portal/lib/dom.js';

class StatusLine extends HTMLElement {
  #since = null;

  connectedCallback() {
    this.addEventListener('htmx:before:request', (event) => { if (document.hidden) event.preventDefault(); });
    this.addEventListener('htmx:after:swap', () => { this.#since = null; });
    this.addEventListener('htmx:error', () => this.#lost());
    this.addEventListener('htmx:response:error', () => this.#lost());
    this.addEventListener('portal:signed-out', () => this.#signedOut());
  }

  #lost() {
    if (this.#since) return;
    this.#since = new Date();
    const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: document.documentElement.dataset.zone }).format(this.#since);
    this.#say(`The portal has not answered since ${clock}; shown values stay`);
  }

  #signedOut() {
    const next = encodeURIComponent(location.pathname + location.search);
    this.#say('You are signed out. ', el('a', { href: `/accounts/login/?next=${next}` }, 'Sign in'));
  }

  #say(...words) {
    this.querySelector('[data-notice]')?.remove();
    this.prepend(el('span', { 'data-notice': true, 'data-state': 'critical', role: 'alert' }, icon('circle-alert', 'icon-s'), el('span', {}, ...words)));
  }
}

customElements.define('status-line', StatusLine);
