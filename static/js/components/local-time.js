/** <local-time><time datetime title>10:42, 3 min ago</time></local-time>: keeps "ago" true. */

import { moment } from 'portal/lib/format.js';

const shown = new Set();

class LocalTime extends HTMLElement {
  connectedCallback() { shown.add(this); }

  disconnectedCallback() { shown.delete(this); }

  refresh() {
    const time = this.querySelector('time');
    if (time) time.textContent = moment(new Date(time.dateTime), time.dataset.zone || 'UTC');
  }
}

customElements.define('local-time', LocalTime);
setInterval(() => shown.forEach((time) => time.refresh()), 15_000);
