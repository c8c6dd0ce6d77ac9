/** How a board follows the way it is looked at: range, zoom, variables, the back button; in place. */

import { lookAt, withParameters } from 'portal/lib/look.js';
import { instantOf } from 'portal/lib/time-range.js';

/**
 * Listen to whatever wants the page looked at in another way.
 * @param {HTMLElement} board
 * @param {{isOpen: () => boolean, look: () => void}} socket
 * @returns {() => void} stop listening
 */
export function following(board, { isOpen, look }) {
  const follow = () => {
    document.querySelector('time-range')?.refresh?.();
    look();
  };
  /** In place while the socket is there; otherwise the page loads with the new range. */
  const onRange = (event) => {
    if (!isOpen()) return;
    event.preventDefault();
    queueMicrotask(follow); // the picker writes the address after this event
  };
  const onLook = (event) => { if (isOpen()) event.preventDefault(); };
  const onZoom = (event) => {
    event.preventDefault();
    lookAt(zoomed(event.detail));
  };
  document.addEventListener('range:change', onRange);
  document.addEventListener('look:change', onLook);
  document.addEventListener('look:changed', follow);
  board.addEventListener('chart:zoom', onZoom);
  return () => {
    document.removeEventListener('range:change', onRange);
    document.removeEventListener('look:change', onLook);
    document.removeEventListener('look:changed', follow);
    board.removeEventListener('chart:zoom', onZoom);
  };
}

/** The address after dragging over a chart; without a part, the dashboard's own range. */
function zoomed({ from, to }) {
  const tz = new URL(location.href).searchParams.get('tz') ?? document.documentElement.dataset.zone ?? 'UTC';
  if (from === null) return withParameters({ from: '', to: '', as_of: '' });
  const [start, end] = [secondOf(from, tz), secondOf(to, tz)];
  return start === end ? new URL(location.href) : withParameters({ from: start, to: end });
}

/** Where a chart was touched, "2026-11-23 13:36:41.25" on the zone's clock, to the second. */
function secondOf(wall, tz) {
  const [minute, seconds] = [String(wall).slice(0, 16).replace(' ', 'T'), Math.round(Number(String(wall).slice(17)) || 0)];
  const day = minute.length < 16 ? `${minute.slice(0, 10)}T00:00` : minute;
  return new Date(Date.parse(instantOf(day, tz)) + seconds * 1000).toISOString().replace('.000Z', 'Z');
}

const baseOf = (key) => key.split('--')[0];

/**
 * Take over what a greeting says of variables; answers whether the board has other boxes now, because
 * widgets are repeated for other values.
 * @param {HTMLElement} board
 * @param {{variables?: object[], dashboard?: {widgets?: {id: string}[]}}} greeting
 */
export function hasOtherBoxes(board, { variables, dashboard }) {
  const bar = document.querySelector('variable-bar');
  if (bar && variables) bar.states = variables;
  const shown = [...board.querySelectorAll('[data-widget]')].map((box) => box.dataset.widget);
  const bases = new Set(shown.map(baseOf));
  const wanted = (dashboard?.widgets ?? []).map(({ id }) => id).filter((id) => id.includes('--') && bases.has(baseOf(id)));
  const repeated = shown.filter((key) => key.includes('--'));
  return wanted.length !== repeated.length || wanted.some((key) => !repeated.includes(key));
}
