/** Notes on charts: Ctrl or Cmd and a click note a moment, with a drag a span; the menu and a key, now. */

import { isOverTime, momentAt } from 'portal/pages/board/crosshair.js';
import { openDialog } from 'portal/lib/dialog.js';
import { el, toast } from 'portal/lib/dom.js';
import { requestJSON } from 'portal/lib/http.js';
import { instantOf, wallClock } from 'portal/lib/time-range.js';

const LONGEST = 200;
const LEAST_DRAG_PX = 6;
let made = 0;

const zone = () => new URLSearchParams(location.search).get('tz') ?? document.documentElement.dataset.zone ?? 'UTC';

/** @param {HTMLElement} board */
export function noteByClick(board) {
  board.addEventListener('mousedown', (event) => {
    const canvas = event.target.closest?.('.chart-canvas');
    if (event.button !== 0 || !(event.ctrlKey || event.metaKey) || !canvas || !isOverTime(canvas)) return;
    event.preventDefault();
    event.stopPropagation(); // or the chart zooms
    const begun = event.clientX;
    addEventListener('mouseup', (last) => {
      const [left, right] = [begun, last.clientX].sort((a, b) => a - b);
      const isSpan = right - left >= LEAST_DRAG_PX;
      writeNote({ at: momentAt(canvas, isSpan ? left : begun), end: isSpan ? momentAt(canvas, right) : '' });
    }, { once: true });
  }, true);
}

/**
 * Ask for a note's words, and keep it.
 * @param {{at?: string, end?: string}} [when] wall clock of the page's zone; left out: now
 */
export function writeNote({ at = '', end = '' } = {}) {
  made += 1;
  const id = `note-${made}`;
  const field = (name, label, value, attributes) => el('div', { class: 'field' }, el('label', { for: `${id}-${name}` }, label), el('input', { id: `${id}-${name}`, name, class: 'input', value, ...attributes }));
  const problem = el('p', { class: 'field-error', role: 'alert', hidden: true });
  const form = el('form', { class: 'note-form', onsubmit: (event) => keep(event, problem) },
    field('text', 'What happened', '', { required: true, maxlength: LONGEST, autofocus: true }),
    el('div', { class: 'note-times' },
      field('at', `At (${zone()})`, clock(at || wallClock(new Date(), zone())), { type: 'datetime-local', step: 1, required: true }),
      field('end', 'Until, if it lasted', clock(end), { type: 'datetime-local', step: 1 })),
    problem, el('div', { class: 'form-actions' }, el('button', { class: 'button button-primary' }, 'Add note')));
  openDialog('Add a note to the charts', [form], 'dialog note-dialog');
}

const clock = (text) => text.replace(' ', 'T');

/** A field's wall clock, to the second, as an instant. */
function instant(text) {
  if (!text) return null;
  const seconds = Number(text.slice(17, 19)) || 0;
  return new Date(Date.parse(instantOf(text.slice(0, 16), zone())) + seconds * 1000).toISOString();
}

async function keep(event, problem) {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  try {
    await requestJSON('/api/v1/annotations', { method: 'POST', body: { text: given.text, at: instant(given.at), end: instant(given.end) } });
  } catch (failure) {
    problem.textContent = failure.message;
    problem.hidden = false;
    return;
  }
  event.target.closest('dialog').close();
  toast(`“${given.text}” stands on the charts.`, 'success');
  document.dispatchEvent(new CustomEvent('look:changed')); // the board asks anew
}
