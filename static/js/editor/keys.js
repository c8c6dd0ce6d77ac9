/** The keyboard on the board: what a focused box answers to, and what the whole editor does. */

import { widgetOf, isRow } from 'portal/editor/document.js';
import { HELD, KEYS } from 'portal/editor/words.js';
import { isTyping } from 'portal/lib/dom.js';
import { listed, shortcut } from 'portal/lib/shortcuts.js';

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {{session: any, board: any, commands: any, actions: Record<string, (...given: any[]) => void>}} parts
 */
export function bindKeys({ session, board, commands, actions }) {
  const held = new Held(session, board);
  board.addEventListener('keydown', (event) => onBox(event, { session, board, commands, actions, held }));
  board.addEventListener('focusout', (event) => { if (!board.contains(event.relatedTarget) && event.relatedTarget) held.drop(); });
  document.addEventListener('keydown', (event) => onPage(event, { session, board, commands, actions }));
  for (const name of ['copy', 'cut', 'paste']) document.addEventListener(name, (event) => clipboard(event, commands));
  shortcut('a', 'Add a widget', () => actions.add(), 'Editor');
  shortcut('s', 'Settings of the dashboard', () => actions.settings(), 'Editor');
  shortcut('t', 'Add a tab', () => actions.addTab(), 'Editor');
  shortcut('[', 'Previous tab', () => actions.turnTab(-1), 'Editor');
  shortcut(']', 'Next tab', () => actions.turnTab(1), 'Editor');
  shortcut('d', 'Duplicate', () => commands.duplicate(), 'Widgets');
  shortcut('x', 'Select, and select no longer', () => { if (board.focused) commands.toggle(board.focused); }, 'Widgets');
  shortcut('m', 'Menu of the widget', () => { if (board.focused) board.box(board.focused).querySelector('[data-box-menu]').click(); }, 'Widgets');
  KEYS.forEach((entry) => listed(...entry));
}

function onBox(event, { session, board, commands, actions, held }) {
  const id = event.target.dataset?.widget;
  if (!id || event.altKey) return;
  const arrow = ARROWS[event.key];
  const act = arrow ? () => onArrow(arrow, event, { board, commands, held, id }) : {
    Enter: () => actions.open(id),
    ' ': () => held.toggle(id),
    Delete: () => commands.remove(),
    Backspace: () => commands.remove(),
    Escape: () => (held.id ? held.back() : escape(session, actions)),
  }[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}

function escape(session, actions) {
  if (session.selection.size) session.select([]);
  else actions.close();
}

function onArrow([dx, dy], event, { board, commands, held, id }) {
  if (event.shiftKey) commands.resize(dx, dy, id);
  else if (event.ctrlKey || event.metaKey || held.id) commands.move(dx, dy, held.id ? new Set([held.id]) : undefined);
  else beside(board, id, dx, dy)?.focus();
}

/** The nearest box in a direction. */
function beside(board, id, dx, dy) {
  const own = middle(board.box(id));
  const others = [...board.querySelectorAll('[data-widget]:not([hidden])')].filter((box) => box.dataset.widget !== id).map((box) => ({ box, at: middle(box) }));
  const ahead = others.filter(({ at }) => (at.x - own.x) * dx > 4 || (at.y - own.y) * dy > 4);
  const far = ({ at }) => Math.abs(at.x - own.x) * (dx ? 1 : 3) + Math.abs(at.y - own.y) * (dy ? 1 : 3);
  return ahead.sort((a, b) => far(a) - far(b))[0]?.box;
}

function middle(box) {
  const { left, top, width, height } = box.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

function onPage(event, { session, board, commands, actions }) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector('dialog[open]:modal:not(.edit-sheet)')) return;
  const key = event.key.toLowerCase();
  const act = key === 's' ? () => actions.save(event.shiftKey) : isTyping(event.target) ? null : {
    z: () => (event.shiftKey ? session.redo() : session.undo()),
    y: () => session.redo(),
    a: () => (board.contains(document.activeElement) || document.activeElement === document.body ? commands.selectAll() : null),
  }[key];
  if (!act) return;
  event.preventDefault();
  act();
}

function clipboard(event, commands) {
  const isText = isTyping(event.target) || String(getSelection()) || document.querySelector('dialog[open]:modal');
  if (isText && event.type !== 'paste') return;
  if (event.type === 'paste') {
    if (!isTyping(event.target) && commands.paste(event.clipboardData.getData('text/plain') || undefined)) event.preventDefault();
    return;
  }
  const text = commands.copy();
  if (!text) return;
  event.clipboardData.setData('text/plain', text);
  event.preventDefault();
  if (event.type === 'cut') commands.remove();
}

/** A box that Space picked up; Escape puts it back where it was. */
class Held {
  #session; #board; #before = null;
  id = '';

  constructor(session, board) {
    this.#session = session;
    this.#board = board;
  }

  toggle(id) {
    if (this.id) {
      this.#session.say('Put down.');
      this.#end();
      return;
    }
    this.id = id;
    this.#before = this.#session.document;
    this.#board.held = id;
    this.#session.select([id]);
    this.#session.say(isRow(widgetOf(this.#before, id)) ? 'Picked up with what belongs to it.' : HELD);
  }

  back() {
    const changed = this.#session.document !== this.#before;
    if (changed) this.#session.change('Put back', this.#before);
    this.#session.say('Put back.');
    this.#end();
  }

  drop() { if (this.id) this.#end(); }

  #end() {
    this.id = '';
    this.#board.held = '';
    this.#board.render();
  }
}
