/**
 * <edit-board>: the boxes of the tab that is shown, kept in step with the session. Boxes stay the same
 * elements while they move, so that what they show and the focus stay.
 * Events: board:open {id}, board:menu {id, button}, board:fold {id}.
 */

import { dressed, made, positioned } from 'portal/editor/box.js';
import { foldedRows, inReadingOrder, standing } from 'portal/editor/document.js';
import { el } from 'portal/lib/dom.js';
import { sections, shownAt } from 'portal/lib/rows.js';

const MOTION_MS = 120;

export class EditBoard extends HTMLElement {
  #session;
  #kinds;
  #boxes = new Map();
  #ghost = el('div', { class: 'board-ghost', 'aria-hidden': 'true', hidden: true });
  held = '';
  open = '';

  start(session, kinds) {
    this.#session = session;
    this.#kinds = kinds;
    this.append(this.#ghost);
    session.addEventListener('change', () => this.render());
    session.addEventListener('selection', () => this.render());
    this.addEventListener('click', (event) => this.#clicked(event));
    this.addEventListener('dblclick', (event) => this.#emit('board:open', event));
    this.render();
  }

  box(id) { return this.#boxes.get(id); }

  focusBox(id) { this.box(id)?.focus({ preventScroll: false }); }

  /** The widget whose box has the focus, or holds what has it. */
  get focused() { return document.activeElement?.closest?.('edit-board [data-widget]')?.dataset.widget ?? ''; }

  /** What an action is about: what is selected, if the focus is there or nowhere; else what has the focus. */
  get chosen() {
    const { selection } = this.#session;
    const { focused } = this;
    return new Set(focused && !selection.has(focused) ? [focused] : selection);
  }

  /** Show a document that is not yet one: while something is dragged. */
  render(shown = this.#session.document, dragged = new Set()) {
    const before = this.#places();
    const { tab, selection } = this.#session;
    const [standingNow, folded] = [standing(shown, tab), foldedRows(shown)];
    const { hidden, tops } = shownAt(standingNow, folded);
    const counts = new Map(sections(standingNow).map((section) => [section.id, section.members.length]));
    const order = inReadingOrder(shown, tab);
    this.#drop(new Set(order.map((widget) => widget.id)));
    order.forEach((widget, index) => {
      const box = this.#placed(widget, index);
      dressed(box, widget, { kinds: this.#kinds, isSelected: selection.has(widget.id), isHeld: this.held === widget.id, isFolded: folded.has(widget.id), isOpen: this.open === widget.id, members: counts.get(widget.id) ?? 0 });
      if (!dragged.has(widget.id)) positioned(box, widget.position, tops.get(widget.id));
      box.hidden = hidden.has(widget.id);
    });
    this.#place(order.filter((widget) => dragged.has(widget.id)), tops);
    this.#animate(before, dragged);
    this.classList.toggle('is-empty', !order.length);
    this.dispatchEvent(new CustomEvent('board:rendered', { bubbles: true }));
  }

  /** The box of a widget, in reading order among the others. */
  #placed(widget, index) {
    const box = this.#boxes.get(widget.id) ?? made(widget);
    this.#boxes.set(widget.id, box);
    const at = this.children[index];
    if (at === box) return box;
    if (box.isConnected && this.moveBefore) this.moveBefore(box, at ?? null);
    else this.insertBefore(box, at ?? null);
    return box;
  }

  #drop(kept) {
    for (const [id, box] of this.#boxes) {
      if (kept.has(id)) continue;
      box.remove();
      this.#boxes.delete(id);
    }
  }

  /** Where what is dragged would come to lie. */
  #place(widgets, tops) {
    this.#ghost.hidden = !widgets.length;
    if (!widgets.length) return;
    const ys = widgets.map((widget) => tops.get(widget.id));
    const [x, y] = [Math.min(...widgets.map((one) => one.position.x)), Math.min(...ys)];
    const w = Math.max(...widgets.map((one) => one.position.x + one.position.w)) - x;
    const h = Math.max(...widgets.map((one, index) => ys[index] + one.position.h)) - y;
    positioned(this.#ghost, { x, w, h }, y);
  }

  #places() { return new Map([...this.#boxes].filter(([, box]) => !box.hidden).map(([id, box]) => [id, box.getBoundingClientRect()])); }

  /** Boxes that gave way glide to their new places. */
  #animate(before, dragged) {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    for (const [id, box] of this.#boxes) {
      const old = before.get(id);
      if (!old || dragged.has(id) || box.hidden) continue;
      const now = box.getBoundingClientRect();
      const [dx, dy] = [old.x - now.x, old.y - now.y];
      if (dx || dy) box.animate([{ transform: `translate(${dx}px, ${dy}px)` }, { transform: 'none' }], { duration: MOTION_MS, easing: 'ease-out' });
    }
  }

  #clicked(event) {
    const fold = event.target.closest('[data-fold]');
    const menu = event.target.closest('[data-box-menu]');
    if (fold) this.#emit('board:fold', event);
    if (menu) this.#emit('board:menu', event, { button: menu });
    if (!event.target.closest('[data-widget]')) this.#session.select([]);
  }

  #emit(name, event, detail = {}) {
    const id = event.target.closest('[data-widget]')?.dataset.widget;
    if (id && !(name === 'board:open' && event.target.closest('button'))) this.dispatchEvent(new CustomEvent(name, { bubbles: true, detail: { id, ...detail } }));
  }
}

customElements.define('edit-board', EditBoard);
