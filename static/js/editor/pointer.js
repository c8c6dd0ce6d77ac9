/** Drag boxes by their heads, resize them by edges and corner; both snap to the grid. */

import { foldedRows, isRow, movedBy, resizedTo, standing, widgetOf } from 'portal/editor/document.js';
import { named, place, size } from 'portal/editor/words.js';
import { openedAt, shownAt } from 'portal/lib/rows.js';

const THRESHOLD = 4;
const EDGE = 48;
const NARROW = '(max-width: 900px)';

/**
 * @param {import('portal/editor/board.js').EditBoard} board
 * @param {import('portal/editor/session.js').Session} session
 */
export function dragging(board, session) {
  board.addEventListener('pointerdown', (event) => {
    const box = event.target.closest('[data-widget]');
    if (!box || event.button !== 0 || event.target.closest('button')) return;
    const id = box.dataset.widget;
    if (event.shiftKey || event.ctrlKey || event.metaKey) {
      session.toggle(id);
      return;
    }
    if (!session.selection.has(id)) session.select([id]);
    const edge = event.target.dataset.edge;
    if (edge || (event.target.closest('[data-grip]') && !matchMedia(NARROW).matches)) new Drag(board, session, event, id, edge);
  });
}

class Drag {
  #board; #session; #id; #edge; #ids; #start; #scroller; #pointer; #before; #found = null; #timer = 0; #unit;

  constructor(board, session, event, id, edge) {
    this.#board = board;
    this.#session = session;
    this.#id = id;
    this.#edge = edge;
    this.#before = session.document;
    const own = widgetOf(this.#before, id);
    this.#ids = edge || isRow(own) ? new Set([id]) : new Set([...session.selection].filter((one) => !isRow(widgetOf(this.#before, one))));
    this.#scroller = board.closest('.page');
    this.#start = { x: event.clientX, y: event.clientY + this.#scroller.scrollTop };
    this.#pointer = event;
    this.#unit = unitOf(board);
    board.setPointerCapture(event.pointerId);
    board.addEventListener('pointermove', this.#move);
    board.addEventListener('pointerup', this.#end);
    board.addEventListener('pointercancel', this.#cancel);
    document.addEventListener('keydown', this.#key, true);
  }

  get #by() { return { x: this.#pointer.clientX - this.#start.x, y: this.#pointer.clientY + this.#scroller.scrollTop - this.#start.y }; }

  #move = (event) => {
    this.#pointer = event;
    if (!this.#found && Math.hypot(this.#by.x, this.#by.y) < THRESHOLD) return;
    if (!this.#found) this.#begin();
    this.#follow();
  };

  #begin() {
    this.#found = this.#before;
    this.#board.classList.add(this.#edge ? 'is-resizing' : 'is-dragging');
    for (const id of this.#ids) this.#board.box(id).classList.add('is-dragged');
    this.#timer = setInterval(() => this.#scroll(), 16);
  }

  #follow() {
    const cells = { x: Math.round(this.#by.x / this.#unit.x), y: Math.round(this.#by.y / this.#unit.y) };
    const found = this.#edge ? resizedTo(this.#before, this.#id, this.#sized(cells)) : this.#moved(cells);
    if (found !== this.#found) this.#board.render(found, this.#edge ? new Set() : this.#ids);
    this.#found = found;
    if (this.#edge) return;
    for (const id of this.#ids) this.#board.box(id).style.translate = `${this.#by.x}px ${this.#by.y}px`;
  }

  /** Folded rows make what is shown shorter than what is in the document. */
  #moved(cells) {
    const folded = foldedRows(this.#before);
    if (!folded.size) return movedBy(this.#before, this.#ids, cells.x, cells.y);
    const rows = standing(this.#before, this.#session.tab);
    const shown = shownAt(rows, folded).tops.get(this.#id);
    return movedBy(this.#before, this.#ids, cells.x, openedAt(rows, folded, Math.max(0, shown + cells.y)) - widgetOf(this.#before, this.#id).position.y);
  }

  #sized(cells) {
    const { x, y, w, h } = widgetOf(this.#before, this.#id).position;
    const found = { x, y, w, h };
    if (this.#edge.includes('e')) found.w = Math.max(1, Math.min(24 - x, w + cells.x));
    if (this.#edge.includes('s')) found.h = Math.max(1, h + cells.y);
    if (this.#edge === 'w') {
      found.x = Math.max(0, Math.min(x + w - 1, x + cells.x));
      found.w = x + w - found.x;
    }
    return found;
  }

  /** Near the upper or lower end of the page it scrolls. */
  #scroll() {
    const { top, bottom } = this.#scroller.getBoundingClientRect();
    const y = this.#pointer.clientY;
    const by = y < top + EDGE ? y - top - EDGE : y > bottom - EDGE ? y - bottom + EDGE : 0;
    if (!by) return;
    this.#scroller.scrollTop += by / 4;
    this.#follow();
  }

  #end = () => {
    const found = this.#found;
    this.#stop();
    if (!found) return;
    const what = named(found, this.#ids);
    const at = widgetOf(found, this.#id)?.position;
    const words = this.#edge ? `${what} is ${size(at)}` : `${what} moved to ${place(at)}`;
    if (found !== this.#before) this.#session.change(words, found);
    else this.#board.render();
    this.#session.say(`${words}.`);
  };

  #cancel = () => {
    this.#stop();
    this.#board.render();
  };

  #key = (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.#cancel();
  };

  #stop() {
    clearInterval(this.#timer);
    this.#board.classList.remove('is-dragging', 'is-resizing');
    for (const id of this.#ids) {
      const box = this.#board.box(id);
      box?.classList.remove('is-dragged');
      box?.style.removeProperty('translate');
    }
    this.#board.removeEventListener('pointermove', this.#move);
    this.#board.removeEventListener('pointerup', this.#end);
    this.#board.removeEventListener('pointercancel', this.#cancel);
    document.removeEventListener('keydown', this.#key, true);
  }
}

/** A column and a row with their gaps, in pixels. */
function unitOf(board) {
  const style = getComputedStyle(board);
  const gap = Number.parseFloat(style.columnGap) || 0;
  const columns = matchMedia(NARROW).matches ? 1 : 24;
  const row = Number.parseFloat(style.gridAutoRows) || 44;
  return { x: (board.clientWidth + gap) / columns, y: row + gap };
}
