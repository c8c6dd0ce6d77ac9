/** Rows of a board fold: as the dashboard says at first, then as this browser's person left them. */

import { shownAt } from 'portal/lib/rows.js';

/** Make the rows of a board fold; done again after its boxes were swapped. */
export function folding(board) {
  const kept = `portal:folds:${board.dataset.ident}`;
  const chosen = remembered(kept);
  apply(board, chosen);
  board.addEventListener('board:swapped', () => apply(board, chosen));
  board.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-fold]');
    if (!button) return;
    chosen[button.closest('[data-row]').dataset.widget] = button.getAttribute('aria-expanded') === 'true';
    localStorage.setItem(kept, JSON.stringify(chosen));
    apply(board, chosen);
  });
}

function remembered(kept) {
  try {
    return JSON.parse(localStorage.getItem(kept)) ?? {};
  } catch {
    return {}; // somebody else wrote there
  }
}

function apply(board, chosen) {
  const boxes = [...board.querySelectorAll('[data-widget][data-y]')];
  const rows = boxes.filter((box) => 'row' in box.dataset);
  if (!rows.length) return;
  const isFolded = (row) => chosen[row.dataset.widget] ?? row.querySelector('[data-fold]').getAttribute('aria-expanded') === 'false';
  const folded = new Set(rows.filter(isFolded).map((row) => row.dataset.widget));
  const standing = boxes.map((box) => ({ id: box.dataset.widget, y: Number(box.dataset.y), h: Number(box.style.getPropertyValue('--h')), isRow: 'row' in box.dataset }));
  const { hidden, tops } = shownAt(standing, folded);
  for (const box of boxes) {
    box.style.setProperty('--y', String(tops.get(box.dataset.widget) + 1));
    box.hidden = hidden.has(box.dataset.widget);
  }
  for (const row of rows) row.querySelector('[data-fold]').setAttribute('aria-expanded', String(!folded.has(row.dataset.widget)));
}
