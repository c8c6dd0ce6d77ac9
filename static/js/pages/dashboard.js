/** <live-board data-kind data-ident>: widgets drawn by the server first, moved on by the socket. */

import { el, icon, toast } from 'portal/lib/dom.js';
import { LiveSocket } from 'portal/lib/live-socket.js';
import { instantOf, withRange } from 'portal/lib/time-range.js';

const STALE_AFTER = 45_000;

class LiveBoard extends HTMLElement {
  #socket;
  #clock;

  connectedCallback() {
    const { kind, ident } = this.dataset;
    this.#socket = new LiveSocket(kind, ident, {
      onState: (state) => this.#say(state),
      onMessage: (message) => this.#take(message),
    });
    const query = new URLSearchParams(location.search);
    if (['from', 'to', 'tz'].some((name) => query.has(name))) this.#socket.look(range(query));
    this.#socket.open();
    this.#boxes().forEach((box) => { box.dataset.at = String(Date.now()); });
    this.#clock = setInterval(() => this.#markStale(), 5000);
    document.addEventListener('range:change', this.#onRange);
    addEventListener('popstate', this.#onBack);
    this.addEventListener('chart:zoom', this.#onZoom);
    this.#nameFiles();
  }

  disconnectedCallback() {
    this.#socket.close();
    clearInterval(this.#clock);
    document.removeEventListener('range:change', this.#onRange);
    removeEventListener('popstate', this.#onBack);
  }

  /** In place while the socket is there; otherwise the page loads with the new range. */
  #onRange = (event) => {
    if (!this.#socket.isOpen) return;
    event.preventDefault();
    queueMicrotask(() => this.#lookAtAddress()); // the picker writes the address after this event
  };

  #onBack = () => this.#lookAtAddress();

  /** Drag over a chart: every widget follows, and the address says so. */
  #onZoom = (event) => {
    const { from, to } = event.detail;
    event.preventDefault();
    const url = new URL(location.href);
    const tz = url.searchParams.get('tz') ?? document.documentElement.dataset.zone ?? 'UTC';
    if (from === null) ['from', 'to'].forEach((name) => url.searchParams.delete(name));
    const [start, end] = from === null ? [] : [from, to].map((wall) => secondOf(wall, tz));
    location.assign(from === null ? url : withRange({ from: start, to: end, tz: url.searchParams.get('tz') ?? '' }));
  };

  #lookAtAddress() {
    this.classList.add('is-waiting');
    this.#socket.look(range(new URLSearchParams(location.search)));
    this.#nameFiles();
  }

  /** A file, and the page of Explore, have the range that is shown. */
  #nameFiles() {
    for (const link of this.querySelectorAll('a[data-follows-range]')) link.search = location.search;
    for (const chart of this.querySelectorAll('portal-chart[csv-url]')) chart.setAttribute('csv-url', chart.getAttribute('csv-url').split('?')[0] + location.search);
  }

  #boxes() { return this.querySelectorAll('[data-widget]'); }

  #say(state) {
    const shown = document.querySelector('live-state');
    const known = { 'signed-out': 'offline', revoked: 'offline' }[state] ?? state;
    if (shown) shown.state = known;
    if (state === 'signed-out') location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (state === 'revoked') toast('You may no longer see this dashboard. Its owner or an admin can grant it.', 'critical');
  }

  #take(message) {
    if (message.type === 'changed') {
      location.reload(); // somebody edited it: boxes and places may be others now
      return;
    }
    if (message.type === 'error') {
      toast(message.message, 'critical');
      this.classList.remove('is-waiting');
      return;
    }
    if (message.type === 'initial_data') this.classList.remove('is-waiting');
    for (const [key, value] of Object.entries(message.data ?? message.updates ?? {})) this.#show(key, value.data);
  }

  #show(key, data) {
    const box = this.querySelector(`[data-widget="${CSS.escape(key)}"]`);
    if (!box) return;
    box.dataset.at = String(Date.now());
    box.classList.toggle('is-error', data.state === 'error');
    box.classList.remove('is-stale');
    box.querySelector('.stale-mark')?.remove();
    const body = box.querySelector('[data-body]');
    if (data.figure) showFigure(body, data.figure, box);
    else showHTML(body, data.html);
  }

  /** The last value stays; its age is said once it is old. */
  #markStale() {
    for (const box of this.#boxes()) {
      const age = Date.now() - Number(box.dataset.at);
      if (age < STALE_AFTER || box.classList.contains('widget-text')) continue;
      const words = `As of ${Math.round(age / 1000)} s ago`;
      const mark = box.querySelector('.stale-mark') ?? box.querySelector('.card-tools').insertAdjacentElement('afterbegin', el('span', { class: 'stale-mark' }));
      mark.replaceChildren(icon('clock', 'icon-s'), words);
      box.classList.add('is-stale');
    }
  }
}

function showFigure(body, figure, box) {
  const chart = body.querySelector('portal-chart');
  if (chart) {
    chart.figure = figure;
    return;
  }
  const made = el('portal-chart', { label: box.querySelector('h2').textContent, fill: true });
  made.figure = figure;
  body.replaceChildren(made);
}

/** Server-made and escaped there; untouched when nothing moved, so that nothing flashes. */
function showHTML(body, html) {
  if (body.dataset.shown === html) return;
  body.dataset.shown = html;
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  body.replaceChildren(...parsed.body.childNodes);
}

function range(query) {
  return { from: query.get('from') ?? '', to: query.get('to') ?? '', tz: query.get('tz') ?? '' };
}

/** Where a chart was touched, "2026-11-23 13:36:41.25" on the zone's clock, to the second. */
function secondOf(wall, tz) {
  const [minute, seconds] = [String(wall).slice(0, 16).replace(' ', 'T'), Math.round(Number(String(wall).slice(17)) || 0)];
  const day = minute.length < 16 ? `${minute.slice(0, 10)}T00:00` : minute;
  return new Date(Date.parse(instantOf(day, tz)) + seconds * 1000).toISOString().replace('.000Z', 'Z');
}

customElements.define('live-board', LiveBoard);
