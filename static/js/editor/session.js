/**
 * What is being edited: the document with its history, what is selected, and what it is based on.
 * Events: change {words}, selection, base, say {words}. Everybody else listens; nobody else keeps state.
 */

import { canonical, tabOf, widgetOf } from 'portal/editor/document.js';
import { History } from 'portal/editor/history.js';

export class Session extends EventTarget {
  #history;
  #base;
  #canonicalBase;
  #selection = new Set();
  #tab = '';

  /** @param {{document: any, version: number}} saved what the server has */
  constructor({ document, version }) {
    super();
    this.#history = new History(document);
    this.#setBase(document);
    this.version = version;
    this.#tab = document.tabs?.[0]?.id ?? '';
  }

  get document() { return this.#history.document; }

  get base() { return this.#base; }

  get selection() { return this.#selection; }

  get tab() { return this.#tab; }

  get isChanged() { return canonical(this.document) !== this.#canonicalBase; }

  get undoes() { return this.#history.undoes; }

  get redoes() { return this.#history.redoes; }

  /** Change the document. `words` say what was done; `key` joins changes that follow one another. */
  change(words, document, { key = '', select = null } = {}) {
    if (document === this.document) return false;
    this.#history.push(document, words, key);
    if (select) this.#selection = new Set(select);
    this.#settle();
    this.#emit('change', { words });
    return true;
  }

  undo() { this.#step(this.#history.undo(), 'Undone', 'There is nothing to undo.'); }

  redo() { this.#step(this.#history.redo(), 'Done again', 'There is nothing to do again.'); }

  #step(words, done, nothing) {
    this.#settle();
    if (words) this.#emit('change', { words: `${done}: ${words}` });
    this.say(words ? `${done}: ${words}.` : nothing);
  }

  select(ids) {
    this.#selection = new Set(ids);
    this.#emit('selection');
  }

  toggle(id) {
    const found = new Set(this.#selection);
    if (!found.delete(id)) found.add(id);
    this.select(found);
  }

  show(tab) {
    if (tab === this.#tab) return;
    this.#tab = tab;
    this.#selection = new Set();
    this.#emit('change', { words: '' });
  }

  /** The server has this now; `document` is what is edited from here on. */
  adopt({ base, version, document = base, words = '' }) {
    this.version = version;
    this.#setBase(base);
    if (canonical(document) !== canonical(this.document)) this.#history.push(document, words || 'Took over what was saved');
    this.#settle();
    this.#emit('base');
    this.#emit('change', { words });
  }

  say(words) { this.#emit('say', { words }); }

  #setBase(document) {
    this.#base = document;
    this.#canonicalBase = canonical(document);
  }

  /** What is selected and shown has to be there. */
  #settle() {
    const { document } = this;
    if (!document.tabs.some((tab) => tab.id === this.#tab)) this.#tab = document.tabs[0]?.id ?? '';
    const isHere = (id) => widgetOf(document, id) && tabOf(document, widgetOf(document, id)) === this.#tab;
    this.#selection = new Set([...this.#selection].filter(isHere));
  }

  #emit(name, detail = {}) { this.dispatchEvent(new CustomEvent(name, { detail })); }
}
