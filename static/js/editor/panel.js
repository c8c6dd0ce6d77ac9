/**
 * The sheet over the board in which one widget is edited by <widget-form>; each change is in the
 * document at once, and can be undone.
 */

import { isRow, titleOf, widgetOf } from 'portal/editor/document.js';
import { el, icon } from 'portal/lib/dom.js';

export class Panel {
  #session; #board; #commands; #sheet; #uid; #form = null; #id = '';

  constructor({ session, board, commands, sheet, uid }) {
    this.#session = session;
    this.#board = board;
    this.#commands = commands;
    this.#sheet = sheet;
    this.#uid = uid;
    session.addEventListener('change', () => this.#follow());
    sheet.addEventListener('close', () => this.#closed());
  }

  get isOpen() { return this.#sheet.open; }

  open(id) {
    const widget = widgetOf(this.#session.document, id);
    if (!widget || this.isOpen) return;
    this.#id = id;
    const form = isRow(widget) ? rowForm(widget, this.#session.document.variables) : widgetForm(widget, this.#session.document, this.#uid);
    form.addEventListener('widget:change', ({ detail }) => this.#commands.edit(id, detail.widget));
    form.addEventListener('widget:close', () => this.close());
    this.#form = form;
    this.#sheet.setAttribute('aria-label', `Edit ${titleOf(widget)}`);
    this.#sheet.classList.toggle('is-narrow', isRow(widget));
    const close = el('button', { type: 'button', class: 'icon-button sheet-close', 'aria-label': 'Close', onclick: () => this.close() }, icon('x'));
    this.#sheet.replaceChildren(form, close);
    this.#sheet.showModal();
  }

  close() { this.#sheet.close(); }

  #closed() {
    const id = this.#id;
    this.#id = '';
    this.#form = null;
    this.#sheet.replaceChildren();
    this.#board.focusBox(id);
  }

  /** Undo, a merge or a deletion may have changed what is open. */
  #follow() {
    if (!this.#id) return;
    const widget = widgetOf(this.#session.document, this.#id);
    if (!widget) this.close();
    else if (JSON.stringify(this.#form.widget) !== JSON.stringify(widget)) this.#form.widget = widget;
  }
}

function widgetForm(widget, whole, uid) {
  const form = el('widget-form', { dashboard: uid });
  Object.assign(form, { document: whole, widget });
  return form;
}

/** A row has a title, whether it opens folded, and a variable for whose values it is repeated. */
function rowForm(widget, variables) {
  const form = el('form', { class: 'row-form', onsubmit: (event) => event.preventDefault() });
  const title = el('input', { class: 'input', id: 'row-title', maxlength: '200', value: widget.title, autocomplete: 'off' });
  const folded = el('input', { type: 'checkbox', checked: Boolean(widget.config.collapsed) });
  const names = ['', ...variables.map((variable) => variable.name)];
  const repeat = el('select', { class: 'select', id: 'row-repeat' }, ...names.map((name) => el('option', { value: name, selected: name === (widget.config.repeat?.variable ?? '') }, name ? `Each value of $${name}` : 'Once')));
  form.append(
    el('h2', {}, 'Edit row'),
    el('div', { class: 'field' }, el('label', { for: 'row-title' }, 'Title'), title),
    el('div', { class: 'field' }, el('label', { class: 'check' }, folded, 'Opens folded')),
    el('div', { class: 'field' }, el('label', { for: 'row-repeat' }, 'Shown'), repeat));
  form.widget = widget;
  form.addEventListener('input', () => {
    const { repeat: before, ...config } = form.widget.config;
    const repeats = repeat.value ? { repeat: { ...before, variable: repeat.value } } : {};
    form.widget = { ...form.widget, title: title.value, config: { ...config, ...repeats, collapsed: folded.checked } };
    form.dispatchEvent(new CustomEvent('widget:change', { detail: { widget: form.widget } }));
  });
  return form;
}
