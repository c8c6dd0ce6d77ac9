/** Menus that are made on the spot: what to add, and what to do with a widget. */

import { isRow, titleOf, widgetOf } from 'portal/editor/document.js';
import { el, icon } from 'portal/lib/dom.js';
import { place } from 'portal/lib/popovers.js';

export const KIND_ICONS = {
  stat: 'hash', line: 'chart-line', area: 'chart-area', bar: 'chart-column', stacked: 'chart-column', gauge: 'gauge', bargauge: 'sliders-horizontal',
  pie: 'chart-pie', heatmap: 'layout-dashboard', histogram: 'chart-column', table: 'table', funnel: 'funnel', retention: 'repeat', paths: 'waypoints',
  map: 'globe', text: 'text', picture: 'terminal', image: 'eye', iframe: 'external-link', row: 'list-tree', lifecycle: 'activity', stickiness: 'trending-up', sessions: 'clock',
};

const item = (name, label, act, keys = '') => el('button', { type: 'button', class: 'menu-item', role: 'menuitem', onclick: act }, icon(name), el('span', {}, label), keys && el('span', { class: 'menu-keys', 'aria-hidden': 'true' }, ...keys.split(' ').map((key) => el('kbd', {}, key))));

const label = (text) => el('div', { class: 'menu-label', role: 'none' }, text);

/** Open a menu below a button; the focus returns there. */
function openMenu(opener, name, items) {
  document.getElementById('editor-menu')?.remove();
  const menu = el('menu-popover', { class: 'popover menu editor-menu', id: 'editor-menu', popover: 'auto', role: 'menu', 'aria-label': name }, ...items.filter(Boolean));
  opener.insertAdjacentElement('afterend', menu);
  opener.setAttribute('aria-expanded', 'true');
  menu.addEventListener('toggle', (event) => {
    if (event.newState === 'open') return;
    opener.removeAttribute('aria-expanded');
    const isInside = menu.contains(document.activeElement) || document.activeElement === document.body;
    if (isInside) opener.focus();
    setTimeout(() => menu.remove());
  });
  menu.showPopover();
  place(menu, opener);
}

/** Kinds of widget to choose from, and what else can be added. */
export function openAddMenu(opener, kinds, { add, addTab, paste }) {
  const listed = [...kinds.values()].filter((kind) => kind.kind !== 'row');
  openMenu(opener, 'Add', [
    label('Widget'),
    ...listed.map((kind) => item(KIND_ICONS[kind.kind] ?? 'square', kind.label, () => add(kind.kind))),
    el('hr', { role: 'none' }),
    label('Order'),
    item('list-tree', 'Row that folds', () => add('row')),
    item('file-text', 'Tab', () => addTab(), 't'),
    item('copy', 'What was copied', () => paste(), 'Ctrl V'),
  ]);
}

/** What can be done with one widget, or with all that are selected. */
export function openBoxMenu(opener, id, { session, commands, actions }) {
  const { document, selection, tab } = session;
  const widget = widgetOf(document, id);
  const ids = selection.has(id) ? selection : new Set([id]);
  const others = document.tabs.filter((one) => one.id !== tab);
  openMenu(opener, ids.size > 1 ? `${ids.size} widgets` : titleOf(widget), [
    ids.size > 1 && label(`${ids.size} widgets are selected`),
    item('pencil', isRow(widget) ? 'Edit row' : 'Edit', () => actions.open(id), 'Enter'),
    item('copy', 'Duplicate', () => commands.duplicate(ids), 'd'),
    item('inbox', 'Copy', () => copy(commands, ids), 'Ctrl C'),
    el('hr', { role: 'none' }),
    item('arrow-up', 'Move up', () => moveUp(commands, ids, id, -1)),
    item('arrow-down', 'Move down', () => moveUp(commands, ids, id, 1)),
    !isRow(widget) && item('maximize', 'Taller', () => commands.resize(0, 1, id)),
    !isRow(widget) && item('minimize', 'Shorter', () => commands.resize(0, -1, id)),
    ...others.map((one) => item('arrow-right', `To the tab ${one.title}`, () => commands.toTab(one.id, ids))),
    el('hr', { role: 'none' }),
    item('trash-2', isRow(widget) ? 'Delete the row only' : 'Delete', () => commands.remove(ids), 'Delete'),
    isRow(widget) && item('trash-2', 'Delete the row and its widgets', () => commands.removeSection(id)),
  ]);
}

function moveUp(commands, ids, id, by) {
  if (matchMedia('(max-width: 900px)').matches && ids.size === 1) commands.reorder(id, by);
  else commands.move(0, by, ids);
}

/** By menu there is no clipboard event; the system's clipboard may be refused, ours never. */
function copy(commands, ids) {
  const text = commands.copy(ids);
  navigator.clipboard?.writeText(text).catch(() => undefined); // pasting here works all the same
}
