/** Bring a board up to what the server shows now, without leaving the page or blinking. */

import { parsed } from 'portal/lib/widget-body.js';

// What else of a dashboard's page follows when it is edited, or another tab is chosen.
const AROUND = ['.page-title', '[data-tab-bar]', '.board-links', '.crumbs [aria-current]'];

/**
 * Fetch a dashboard's page and take its boxes over. A box that is drawn as before keeps what it shows
 * until the socket brings a newer value. Resolves false where the page is no longer there.
 * @param {HTMLElement} board
 * @param {string} address
 */
export async function swapBoard(board, address) {
  const answer = await fetch(address, { headers: { Accept: 'text/html' } });
  if (!answer.ok || answer.redirected) return false;
  const page = parsed(await answer.text());
  const fresh = page.querySelector('live-board');
  if (!fresh) {
    location.reload(); // it has become empty, or a page of another shape
    return true;
  }
  const shown = new Map([...board.querySelectorAll('[data-widget]')].map((box) => [box.dataset.widget, box]));
  board.replaceChildren(...[...fresh.children].map((box) => joined(shown.get(box.dataset.widget), box)));
  for (const place of AROUND) replace(document.querySelector(place), page.querySelector(place));
  document.title = page.title;
  return true;
}

/** Keep the old box where it is the same kind of picture; its place, head and options are the new one's. */
function joined(old, box) {
  if (!old || kindOf(old) !== kindOf(box)) return document.adoptNode(box);
  old.setAttribute('style', box.getAttribute('style') ?? '');
  old.dataset.y = box.dataset.y ?? '';
  old.hidden = box.hidden;
  old.querySelector('.card-head')?.replaceWith(document.adoptNode(box.querySelector('.card-head')));
  return old;
}

const kindOf = (box) => [...box.classList].find((name) => name.startsWith('widget-'));

function replace(old, fresh) {
  if (old && fresh) old.replaceWith(document.adoptNode(fresh));
}
