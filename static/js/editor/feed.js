/**
 * What the boxes show: saved widgets over the live socket, changed and new ones by preview. An answer
 * is kept by what was asked, so that undo and copies show theirs at once.
 */

import { isRow, onTab } from 'portal/editor/document.js';
import { el, icon } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';
import { watchView } from 'portal/lib/in-view.js';
import { LiveSocket } from 'portal/lib/live-socket.js';
import { showAnswer } from 'portal/lib/widget-body.js';

const FRESH = { state: 'empty', html: stateHTML('square', 'Nothing is asked yet', 'Press Enter, or choose Edit in its menu.') };
const SETTLE_MS = 350;
const AGAIN_MS = 30_000;
const AT_ONCE = 3;
const MOST_KEPT = 300;

/** What a widget's answer depends on. */
const asked = ({ source, query, config }) => JSON.stringify([source, query, config]);

/** A fresh widget asks nothing yet; a library's and a text's query may be empty. */
const isFresh = ({ source, query, config }) => !query && source !== 'text' && !config.library;

export class Feed {
  #session; #board; #uid; #socket; #answers = new Map(); #shown = new Map(); #running = new Map(); #timer = 0; #clock = 0; #again = new Set(); #inView = new Set(); #stopWatching = () => undefined;

  /** @param {{session: any, board: any, uid: string, onState: Function, onChanged: Function}} parts */
  constructor({ session, board, uid, onState, onChanged }) {
    this.#session = session;
    this.#board = board;
    this.#uid = uid;
    this.#socket = new LiveSocket('dashboards', uid, {
      onState,
      onMessage: (message) => (message.type === 'changed' ? onChanged(message.version) : this.#take(message)),
    });
    board.addEventListener('board:rendered', () => this.#show());
    document.addEventListener('range:change', this.#onRange);
    this.#clock = setInterval(() => this.#refresh(), AGAIN_MS);
  }

  open() {
    this.#socket.see([]); // until it is known what is in view, nothing is
    this.#socket.open();
    this.#stopWatching = watchView(this.#board, (keys) => this.#look(keys));
    this.#show();
  }

  close() {
    this.#socket.close();
    this.#stopWatching();
    clearInterval(this.#clock);
    clearTimeout(this.#timer);
    document.removeEventListener('range:change', this.#onRange);
    this.#running.forEach((running) => running.abort());
  }

  /** Only what is in view is asked: over the socket and by preview. */
  #look(keys) {
    this.#inView = new Set(keys);
    this.#socket.see(keys);
    this.#show();
  }

  #onRange = (event) => {
    event.preventDefault();
    queueMicrotask(() => {
      this.#answers.clear();
      this.#shown.clear();
      this.#socket.look(range());
      this.#show();
    });
  };

  #take(message) {
    const saved = new Map(this.#session.base.widgets.map((widget) => [widget.id, widget]));
    for (const [id, value] of Object.entries(message.data ?? message.updates ?? {})) {
      if (saved.has(id)) this.#keep(asked(saved.get(id)), value.data);
    }
    this.#show();
  }

  #keep(key, answer) {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    if (this.#answers.size > MOST_KEPT) this.#answers.delete(this.#answers.keys().next().value);
  }

  /** Put what is known into the boxes; ask for the rest once typing has settled. */
  #show() {
    const missing = this.#widgets().filter((widget) => !this.#showOne(widget) && this.#inView.has(widget.id));
    clearTimeout(this.#timer);
    if (missing.length) this.#timer = setTimeout(() => this.#askFor(missing), SETTLE_MS);
  }

  #widgets() { return onTab(this.#session.document, this.#session.tab).filter((widget) => !isRow(widget)); }

  #showOne(widget) {
    const box = this.#board.box(widget.id);
    const answer = isFresh(widget) ? FRESH : this.#answers.get(asked(widget));
    const body = box?.querySelector('[data-body]');
    if (!body || (answer && this.#shown.get(body) === answer)) return true;
    if (answer) {
      box.classList.toggle('is-error', answer.state === 'error');
      showAnswer(body, answer, widget.title || widget.config.kind);
      this.#shown.set(body, answer);
    } else if (!body.hasChildNodes()) {
      body.replaceChildren(el('div', { class: 'skeleton' }, el('span'), el('span'), el('span')));
    }
    return Boolean(answer);
  }

  /** What differs from what is saved is never sent by the socket. */
  #isSaved(widget) {
    const saved = this.#session.base.widgets.find((one) => one.id === widget.id);
    return Boolean(saved) && asked(saved) === asked(widget);
  }

  #refresh() {
    if (document.hidden) return;
    const own = this.#widgets().filter((widget) => !this.#isSaved(widget) && this.#inView.has(widget.id));
    this.#askFor(own);
  }

  async #askFor(widgets) {
    const waiting = widgets.filter((widget) => !this.#running.has(asked(widget)) && (!this.#isSaved(widget) || !this.#socket.isOpen || this.#again.has(widget.id)));
    const late = widgets.filter((widget) => !waiting.includes(widget) && !this.#running.has(asked(widget)));
    for (const widget of late) this.#again.add(widget.id); // the socket may not bring it: ask if it is still missing then
    if (late.length) this.#timer = setTimeout(() => this.#show(), 4_000);
    for (let at = 0; at < waiting.length; at += AT_ONCE) await Promise.all(waiting.slice(at, at + AT_ONCE).map((widget) => this.#preview(widget)));
  }

  async #preview(widget) {
    const key = asked(widget);
    const running = new AbortController();
    this.#running.set(key, running);
    try {
      const { data } = await requestJSON(`/api/v1/dashboards/${this.#uid}/preview`, { method: 'POST', body: { widget, ...range() }, signal: running.signal });
      this.#keep(key, data);
    } catch (problem) {
      if (problem.name === 'AbortError') return;
      this.#keep(key, { state: 'error', html: failure(problem.message) });
    } finally {
      this.#running.delete(key);
    }
    this.#show();
  }
}

const failure = (reason) => stateHTML('triangle-alert', 'It cannot be shown', reason, 'state-error');

function stateHTML(name, title, words, classes = '') {
  return el('div', { class: `state state-small ${classes}` }, icon(name, 'icon-l'), el('p', { class: 'state-title' }, title), el('p', {}, words)).outerHTML;
}

/** The range and the variables that the address says. */
function range() {
  const query = new URLSearchParams(location.search);
  const names = [...new Set(query.keys())].filter((name) => name.startsWith('var-'));
  const variables = Object.fromEntries(names.map((name) => [name.slice(4), query.getAll(name).length > 1 ? query.getAll(name) : query.get(name)]));
  const said = Object.fromEntries(['from', 'to', 'tz'].map((name) => [name, query.get(name) ?? '']));
  return names.length ? { ...said, variables } : said;
}
