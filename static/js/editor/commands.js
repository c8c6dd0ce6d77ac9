/** What one can do with widgets, by menu and by keys: each says what it did. */

import { kept, keep, read, written } from 'portal/editor/clipboard.js';
import { added, duplicated, inReadingOrder, isRow, movedInOrder, movedStep, onTab, removed, replaced, resizedTo, standing, titleOf, widgetOf, withCopies } from 'portal/editor/document.js';
import { movedToTab } from 'portal/editor/tabs.js';
import { named, place, size } from 'portal/editor/words.js';
import { sections } from 'portal/lib/rows.js';

export class Commands {
  #session; #board; #kinds;

  constructor(session, board, kinds) {
    this.#session = session;
    this.#board = board;
    this.#kinds = kinds;
  }

  get #document() { return this.#session.document; }

  /** Move what is chosen a step; boxes that give way are not told of. */
  move(dx, dy, ids = this.#board.chosen) {
    if (!ids.size) return;
    const [lead] = ids;
    const what = named(this.#document, ids);
    const found = movedStep(this.#document, ids, dx, dy);
    const at = widgetOf(found, lead).position;
    const hasMoved = place(at) !== place(widgetOf(this.#document, lead).position);
    if (hasMoved) this.#session.change(`${what} moved to ${place(at)}`, found, { key: `move ${[...ids]}` });
    this.#session.say(hasMoved ? `${what} moved to ${place(at)}.` : `${what} cannot move further that way: ${place(at)}.`);
    this.#keepFocus(lead);
  }

  resize(dw, dh, id = [...this.#board.chosen][0]) {
    const widget = widgetOf(this.#document, id);
    if (!widget) return;
    const { x, y, w, h } = widget.position;
    const found = resizedTo(this.#document, id, { x, y, w: Math.max(1, Math.min(24 - x, w + dw)), h: Math.max(1, h + dh) });
    const now = widgetOf(found, id).position;
    this.#session.change(`${titleOf(widget)} is ${size(now)}`, found, { key: `resize ${id}` });
    this.#session.say(`${titleOf(widget)} is ${size(now)}.`);
    this.#keepFocus(id);
  }

  /** Earlier or later in reading order: how boxes move where there is one column. */
  reorder(id, by) {
    const found = movedInOrder(this.#document, id, by);
    const what = titleOf(widgetOf(this.#document, id));
    const isSame = found === this.#document;
    const at = inReadingOrder(found, this.#session.tab).findIndex((widget) => widget.id === id) + 1;
    const words = isSame ? `${what} is already ${by < 0 ? 'first' : 'last'}` : `${what} is number ${at} now`;
    if (!isSame) this.#session.change(words, found, { key: `move ${id}` });
    this.#session.say(`${words}.`);
    this.#keepFocus(id);
  }

  remove(ids = this.#board.chosen) {
    if (!ids.size) return;
    const order = inReadingOrder(this.#document, this.#session.tab).map((widget) => widget.id);
    const at = order.findIndex((id) => ids.has(id));
    const next = order.slice(at).find((id) => !ids.has(id)) ?? order.filter((id) => !ids.has(id)).at(-1);
    const words = `Deleted ${named(this.#document, ids)}`;
    this.#session.change(words, removed(this.#document, ids), { select: [] });
    this.#session.say(`${words}. Ctrl Z brings it back.`);
    if (next) this.#board.focusBox(next);
    else document.querySelector('[data-editor-add]')?.focus();
  }

  /** A row together with what belongs to it. */
  removeSection(id) {
    const section = sections(standing(this.#document, this.#session.tab)).find((one) => one.id === id);
    this.remove(new Set([id, ...(section?.members ?? [])]));
  }

  duplicate(ids = this.#board.chosen) {
    if (!ids.size) return;
    const words = `Duplicated ${named(this.#document, ids)}`;
    const made = duplicated(this.#document, ids);
    this.#session.change(words, made.document, { select: made.ids });
    this.#sayWhere(words, made.ids[0]);
  }

  /** The text of what is chosen, for the clipboard; "" where nothing is. */
  copy(ids = this.#board.chosen) {
    if (!ids.size) return '';
    const text = written(inReadingOrder(this.#document, this.#session.tab).filter((widget) => ids.has(widget.id)));
    keep(text);
    this.#session.say(`Copied ${named(this.#document, ids)}.`);
    return text;
  }

  /** Paste what a text stands for; without one, what was copied last in this browser. */
  paste(text) {
    const widgets = text === undefined ? kept() : read(text);
    if (!widgets) {
      this.#session.say('There are no widgets to paste.');
      return false;
    }
    const made = withCopies(this.#document, widgets, this.#session.tab);
    const words = `Pasted ${named(made.document, made.ids)}`;
    this.#session.change(words, made.document, { select: made.ids });
    this.#sayWhere(words, made.ids[0]);
    return true;
  }

  /** Add a widget of a kind; returns its id. */
  add(kind) {
    const { label, w, h } = this.#kinds.get(kind) ?? { label: kind, w: 12, h: 6 };
    const fresh = { title: kind === 'row' ? 'New row' : '', source: ['text', 'row', 'image', 'iframe'].includes(kind) ? 'text' : 'promql', config: { kind } };
    const made = added(this.#document, fresh, this.#session.tab, { w, h });
    const words = `Added ${kind === 'row' ? 'a row' : `a widget: ${label.toLowerCase()}`}`;
    this.#session.change(words, made.document, { select: [made.id] });
    this.#sayWhere(words, made.id);
    return made.id;
  }

  edit(id, widget) {
    this.#session.change(`Changed ${titleOf(widget)}`, replaced(this.#document, id, widget), { key: `edit ${id}` });
  }

  fold(id) {
    const row = widgetOf(this.#document, id);
    const collapsed = !row.config.collapsed;
    const words = `${titleOf(row)} ${collapsed ? 'opens folded' : 'opens unfolded'}`;
    this.edit(id, { ...row, config: { ...row.config, collapsed } });
    this.#session.say(`${words}.`);
  }

  toTab(tab, ids = this.#board.chosen) {
    const title = this.#document.tabs.find((one) => one.id === tab)?.title;
    const words = `Moved ${named(this.#document, ids)} to the tab ${title}`;
    this.#session.change(words, movedToTab(this.#document, ids, tab));
    this.#session.say(`${words}.`);
  }

  selectAll() {
    const found = onTab(this.#document, this.#session.tab).filter((widget) => !isRow(widget));
    this.#session.select(found.map((widget) => widget.id));
    this.#session.say(`${found.length} widgets are selected.`);
  }

  toggle(id) {
    this.#session.toggle(id);
    const words = this.#session.selection.has(id) ? 'is selected' : 'is not selected';
    this.#session.say(`${titleOf(widgetOf(this.#document, id))} ${words}.`);
  }

  #sayWhere(words, id) {
    this.#session.say(`${words} at ${place(widgetOf(this.#document, id).position)}.`);
    this.#keepFocus(id);
  }

  #keepFocus(id) {
    if (this.#board.focused !== id) this.#board.focusBox(id);
    this.#board.box(id)?.scrollIntoView({ block: 'nearest' });
  }
}
