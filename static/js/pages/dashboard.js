/** <live-board data-kind data-ident>: widgets drawn by the server first, moved on by the socket. */

import { folding } from 'portal/lib/folding.js';
import { swapBoard } from 'portal/lib/board-swap.js';
import { toast } from 'portal/lib/dom.js';
import { watchView } from 'portal/lib/in-view.js';
import { LiveSocket } from 'portal/lib/live-socket.js';
import { readLook } from 'portal/lib/look.js';
import { noteValue, showAge, staleSince } from 'portal/lib/stale-mark.js';
import { showAnswer } from 'portal/lib/widget-body.js';
import { shareCrosshair } from 'portal/pages/board/crosshair.js';
import { following, hasOtherBoxes } from 'portal/pages/board/following.js';
import { noteByClick } from 'portal/pages/board/notes.js';
import 'portal/pages/board/look-tools.js';
import 'portal/pages/board/variable-bar.js';

class LiveBoard extends HTMLElement {
  #socket;
  #unfollow;
  #clock;
  #state = 'connecting';
  #stopWatching;

  connectedCallback() {
    const { kind, ident } = this.dataset;
    this.#socket = new LiveSocket(kind, ident, {
      onState: (state) => this.#say(state),
      onMessage: (message) => this.#take(message),
    });
    const look = readLook();
    if (Object.keys(look).length) this.#socket.look(look);
    this.#socket.see([]); // until it is known what is in view, nothing is
    this.#socket.open();
    this.#stopWatching = watchView(this, (keys) => this.#socket.see(keys));
    this.#boxes().forEach((box) => { box.dataset.at ??= String(Date.now()); });
    this.#clock = setInterval(() => this.#markStale(), 2000);
    this.#unfollow = following(this, { isOpen: () => this.#socket.isOpen, look: () => this.#lookAtAddress() });
    shareCrosshair(this);
    if (this.hasAttribute('data-may-annotate')) noteByClick(this);
    addEventListener('popstate', this.#onBack);
    this.#nameFiles();
    folding(this);
    document.addEventListener('click', this.#onTab);
  }

  disconnectedCallback() {
    this.#socket.close();
    this.#stopWatching();
    clearInterval(this.#clock);
    this.#unfollow();
    removeEventListener('popstate', this.#onBack);
    document.removeEventListener('click', this.#onTab);
  }

  #onBack = () => {
    this.#lookAtAddress();
    if (document.querySelector('[data-tab-bar]')) this.swap(location.href);
  };

  /** Another tab comes in place; the address names it. */
  #onTab = (event) => {
    const link = event.target.closest?.('[data-tab-bar] a');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, '', link.href);
    this.swap(link.href).then(() => document.querySelector('[data-tab-bar] [aria-current]')?.focus());
  };

  #lookAtAddress() {
    this.classList.add('is-waiting');
    this.#socket.look(readLook());
    this.#nameFiles();
  }

  /** A file, and the page of Explore, have the range that is shown. */
  #nameFiles() {
    for (const link of this.querySelectorAll('a[data-follows-range]')) link.search = location.search;
    for (const link of document.querySelectorAll('a[data-carries-look]')) link.search = location.search;
    for (const chart of this.querySelectorAll('portal-chart[csv-url]')) chart.setAttribute('csv-url', chart.getAttribute('csv-url').split('?')[0] + location.search);
  }

  /** Show the dashboard as it is now, or another tab of it; a page that cannot be had is loaded anew. */
  async swap(address) {
    const isThere = await swapBoard(this, address).catch(() => false);
    if (!isThere) {
      location.assign(address);
      return;
    }
    this.#boxes().forEach((box) => { box.dataset.at ??= String(Date.now()); });
    this.#nameFiles();
    this.dispatchEvent(new CustomEvent('board:swapped', { bubbles: true }));
  }

  #boxes() { return this.querySelectorAll('[data-widget]'); }

  #say(state) {
    this.#state = { 'signed-out': 'offline', revoked: 'offline' }[state] ?? state;
    this.#markStale();
    if (state === 'signed-out') location.assign(`/accounts/login/?next=${encodeURIComponent(location.pathname + location.search)}`);
    if (state === 'revoked' && !this.dispatchEvent(new CustomEvent('board:revoked', { bubbles: true, cancelable: true }))) return;
    if (state === 'revoked') toast('You may no longer see this dashboard. Its owner or an admin can grant it.', 'critical');
  }

  #take(message) {
    if (message.type === 'changed') {
      this.swap(location.href); // somebody edited it: boxes and places may be others now
      return;
    }
    if (message.type === 'error') {
      toast(message.message, 'critical');
      this.classList.remove('is-waiting');
      return;
    }
    if (message.type === 'initial_data') {
      this.classList.remove('is-waiting');
      if (hasOtherBoxes(this, message)) this.swap(location.href);
    }
    for (const [key, value] of Object.entries(message.data ?? message.updates ?? {})) this.#show(key, value);
  }

  #show(key, { data, digest }) {
    const box = this.querySelector(`[data-widget="${CSS.escape(key)}"]`);
    if (!box) return;
    noteValue(box, data.stale);
    box.classList.toggle('is-error', data.state === 'error');
    if (digest && box.dataset.digest === digest) return; // it is shown already
    box.dataset.digest = digest ?? '';
    const [title, body] = [box.querySelector('h2'), box.querySelector('[data-body]')];
    if (data.title) title.textContent = data.title;
    if (body) showAnswer(body, data, title.textContent); // a row has none
  }

  /** The last value stays; its age is said once it is old, and above since when. */
  #markStale() {
    const now = Date.now();
    const boxes = [...this.#boxes()].filter((box) => !box.classList.contains('widget-text'));
    boxes.forEach((box) => showAge(box, now));
    const shown = document.querySelector('live-state');
    const since = Math.min(...boxes.map((box) => staleSince(box, now)).filter((at) => !Number.isNaN(at)));
    if (shown) shown.say(this.#state === 'live' && Number.isFinite(since) ? 'stale' : this.#state, since);
    this.#socket.check(now);
  }
}

customElements.define('live-board', LiveBoard);
