/** Pick a picture: kinds of widget as buttons with icons; those that the answer cannot be are last. */

import { el, icon } from 'portal/lib/dom.js';
import { freshId } from 'portal/editor/widget-form/fields.js';

/**
 * @param {{kinds: {kind: string, label: string, icon: string}[], chosen: string, fits: Map<string, string>|null}} given fits: why a kind cannot, "" where it can
 * @param {(kind: string) => void} choose
 */
export function picturePart({ kinds, chosen, fits }, choose) {
  const name = freshId('kind');
  const reason = (kind) => fits?.get(kind) ?? '';
  const shown = kinds.filter((one) => one.kind === chosen || fits === null || fits.has(one.kind));
  const ordered = [...shown].sort((a, b) => Boolean(reason(a.kind)) - Boolean(reason(b.kind)));
  const cards = ordered.map((one) => {
    const box = el('input', { type: 'radio', name, value: one.kind, class: 'visually-hidden' });
    box.checked = one.kind === chosen;
    box.addEventListener('change', () => choose(one.kind));
    const why = reason(one.kind);
    return el('label', { class: `wf-kind${why ? ' is-unfit' : ''}`, title: why || null }, box, icon(one.icon || 'chart-column'), el('span', {}, one.label), why ? el('span', { class: 'visually-hidden' }, `, does not fit: ${why}`) : null);
  });
  return el('fieldset', { class: 'wf-kinds' }, el('legend', { class: 'visually-hidden' }, 'Picture'), ...cards);
}
