/** Say at its field what cannot be: the server names it, as in "config.thresholds.steps.1.value". */

/**
 * @param {HTMLElement} form
 * @param {string} field nothing takes every mark away
 * @param {string} message
 */
export function markProblem(form, field, message) {
  for (const line of form.querySelectorAll('[data-problem]:not([hidden])')) {
    line.hidden = true;
    line.replaceChildren();
  }
  const name = /^config\.(\w+)/.exec(field)?.[1];
  const spot = name && form.querySelector(`[data-option="${CSS.escape(name)}"]`);
  const line = spot?.querySelector(':scope > [data-problem]');
  if (!line) return;
  line.textContent = message;
  line.hidden = false;
  spot.closest('details')?.setAttribute('open', '');
}
