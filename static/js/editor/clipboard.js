/**
 * Widgets that are copied and pasted, between dashboards, tabs and windows: JSON on the system's
 * clipboard, and beside it in this browser's own keeping where the system's may not be read.
 */

const KEPT = 'portal:copied-widgets';
const FORM = 'portal/widgets';
const MOST = 100;

/** The text that stands for widgets. */
export const written = (widgets) => JSON.stringify({ form: FORM, version: 1, widgets }, null, 1);

/** The widgets that a text stands for; null for any other text. */
export function read(text) {
  let found;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  const listed = found?.form === FORM && Array.isArray(found.widgets) ? found.widgets.slice(0, MOST) : [];
  const whole = listed.filter((one) => typeof one?.config?.kind === 'string' && ['x', 'y', 'w', 'h'].every((name) => Number.isInteger(one.position?.[name])));
  return whole.length ? whole : null;
}

/** Keep a copy here, too: pasting works where the clipboard cannot be read. */
export function keep(text) { sessionStorage.setItem(KEPT, text); localStorage.setItem(KEPT, text); }

export const kept = () => read(sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? '');
