/**
 * Pages without the shell: public links, TV screens, playlists that play.
 * → and ← go on and back, space pauses, f fills the screen, Esc leaves where there is somewhere to go.
 */

import { shortcut } from 'portal/lib/shortcuts.js';

const TICK_MS = 250;
const IDLE_MS = 3000;
const RETRY_MS = 15_000;
const PAGE_MS = 20_000;

class Turns {
  #paused = false;
  #began = Date.now();
  #moving = false;

  constructor() {
    setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener('click', (event) => {
      if (event.target.closest('[data-pause]')) this.pause();
      const way = event.target.closest('a[data-go]')?.dataset.go;
      if (!way) return;
      event.preventDefault();
      this.go(way);
    });
  }

  get #page() { return document.querySelector('main'); }

  pause() {
    this.#paused = !this.#paused;
    this.#began = Date.now();
    const button = document.querySelector('[data-pause]');
    button?.setAttribute('aria-pressed', String(this.#paused));
    this.#page.classList.toggle('is-paused', this.#paused);
  }

  /** Put the next page's content in place, so that the full screen stays; load it whole if that fails. */
  async go(way) {
    const to = this.#page.dataset[way];
    if (!to || this.#moving) return;
    this.#moving = true;
    const url = new URL(to, location.href);
    for (const name of ['theme']) if (new URLSearchParams(location.search).has(name)) url.searchParams.set(name, new URLSearchParams(location.search).get(name));
    try {
      await this.#load(url, way);
    } catch {
      this.#began = Date.now() + RETRY_MS; // the portal restarts: what is shown stays, and it tries again
    } finally {
      this.#moving = false;
    }
  }

  async #load(url, way) {
    const answer = await fetch(url, { headers: { Accept: 'text/html' } });
    const isWhole = answer.status === 410 || answer.redirected || (way === 'next' && !this.#paused && url.searchParams.get('at') === '0' && !document.fullscreenElement);
    if (answer.status >= 500 || answer.status === 429) throw new Error(String(answer.status));
    if (isWhole || !answer.ok) return location.assign(url); // also lets go of a long day's memory
    const parsed = new DOMParser().parseFromString(await answer.text(), 'text/html');
    document.title = parsed.title;
    this.#page.replaceWith(document.adoptNode(parsed.querySelector('main')));
    history.replaceState(null, '', url);
    this.#began = Date.now();
    if (this.#paused) { this.#paused = false; this.pause(); }
    return undefined;
  }

  #tick() {
    const whole = Number(this.#page.dataset.seconds) * 1000;
    const gone = this.#paused ? 0 : Date.now() - this.#began;
    if (!this.#paused) showPart(gone / whole);
    document.querySelector('.turn-progress')?.style.setProperty('--share', String(Math.min(1, Math.max(0, gone / whole))));
    if (gone >= whole) this.go('next');
  }
}

/** The pointer and the controls go away while nobody touches anything. */
function hideWhenIdle() {
  let timer = 0;
  const awake = () => {
    document.body.classList.remove('is-idle');
    clearTimeout(timer);
    timer = setTimeout(() => document.body.classList.add('is-idle'), IDLE_MS);
  };
  for (const name of ['pointermove', 'keydown', 'focusin']) addEventListener(name, awake);
  awake();
}

const partsOf = () => Math.max(1, Math.ceil((document.documentElement.scrollHeight - 24) / innerHeight));

/** Nobody scrolls a TV: a board that is higher than the screen is shown in parts, one after the other. */
function showPart(share) {
  const parts = partsOf();
  const lowest = document.documentElement.scrollHeight - innerHeight;
  const top = Math.min(lowest, Math.floor(share * parts) * innerHeight);
  if (parts > 1 && Math.abs(scrollY - top) > 4 && document.body.classList.contains('is-idle')) scrollTo({ top });
}

function fill() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

const start = document.querySelector('main');
if (start.dataset.next) {
  const turns = new Turns();
  shortcut('ArrowRight', 'Next dashboard', () => turns.go('next'));
  shortcut('ArrowLeft', 'Previous dashboard', () => turns.go('previous'));
  shortcut(' ', 'Pause', () => turns.pause());
}
if (start.dataset.leave) shortcut('Escape', 'Leave', () => location.assign(document.querySelector('main').dataset.leave));
if (document.documentElement.hasAttribute('data-kiosk')) {
  hideWhenIdle();
  const began = Date.now();
  if (!start.dataset.next) setInterval(() => showPart(((Date.now() - began) / PAGE_MS / partsOf()) % 1), 1000);
}
shortcut('f', 'Fill the screen', fill);

// The right is lost: the server says so on a page of its own.
document.addEventListener('board:revoked', (event) => {
  event.preventDefault();
  location.reload();
});
