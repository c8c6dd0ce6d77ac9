/** What is said of an edit: sentences for the history, for people who do not see it, and for the list of keys. */

import { titleOf, widgetOf } from 'portal/editor/document.js';

/** "Page views", or "3 widgets". */
export function named(document, ids) {
  const found = [...ids].map((id) => widgetOf(document, id)).filter(Boolean);
  return found.length === 1 ? titleOf(found[0]) : `${found.length} widgets`;
}

export const place = ({ x, y }) => `column ${x + 1}, row ${y + 1}`;

export const size = ({ w, h }) => `${w} wide, ${h} high`;

/** What a box is called for who cannot see it. */
export function labelOf(widget, kinds, isSelected) {
  const kind = kinds.get(widget.config.kind)?.label ?? widget.config.kind;
  return [titleOf(widget), kind, place(widget.position), size(widget.position), isSelected && 'selected'].filter(Boolean).join(', ');
}

/** Time on the wall clock of this browser's reader. */
export const clockTime = (at = new Date()) => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });

export const HELD = 'Picked up. Arrow keys move, Shift and arrow keys resize, Space puts down, Escape puts back.';

/** Keys that the board answers to, for the list behind "?". */
export const KEYS = [
  ['Tab', 'Next widget', 'Widgets'],
  ['← ↑ → ↓', 'Widget beside it', 'Widgets'],
  ['Enter', 'Edit the widget', 'Widgets'],
  ['Space', 'Pick up, and put down', 'Widgets'],
  ['Ctrl ←→↑↓', 'Move', 'Widgets'],
  ['Shift ←→↑↓', 'Make wider, narrower, taller, shorter', 'Widgets'],
  ['Delete', 'Delete', 'Widgets'],
  ['Ctrl A', 'Select all', 'Widgets'],
  ['Esc', 'Select nothing, close what is open', 'Widgets'],
  ['Ctrl C', 'Copy', 'Widgets'],
  ['Ctrl X', 'Cut', 'Widgets'],
  ['Ctrl V', 'Paste, also from another dashboard', 'Widgets'],
  ['Ctrl Z', 'Undo', 'Editor'],
  ['Ctrl Shift Z', 'Redo', 'Editor'],
  ['Ctrl S', 'Save', 'Editor'],
  ['Ctrl Shift S', 'Save with a note', 'Editor'],
];
