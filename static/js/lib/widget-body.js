/** What a widget's box shows: a figure, or HTML that the server made and escaped. */

import { el } from 'portal/lib/dom.js';

/**
 * Put an answer into a box's body; untouched when nothing moved, so that nothing flashes.
 * @param {Element} body
 * @param {{figure?: any, html?: string}} answer
 * @param {string} label what the chart is called for who cannot see it
 */
export function showAnswer(body, answer, label) {
  if (answer.figure) showFigure(body, answer.figure, label);
  else showHTML(body, answer.html ?? '');
}

function showFigure(body, figure, label) {
  const chart = body.querySelector('portal-chart');
  if (chart) {
    chart.figure = figure;
    return;
  }
  const made = el('portal-chart', { label, fill: true });
  made.figure = figure;
  delete body.dataset.shown;
  body.replaceChildren(made);
}

function showHTML(body, html) {
  if (body.dataset.shown === html) return;
  body.dataset.shown = html;
  body.replaceChildren(...parsed(html).body.childNodes);
}

/** Parse a page or a part of one; scripts in it never run. */
export const parsed = (html) => new DOMParser().parseFromString(html, 'text/html');
