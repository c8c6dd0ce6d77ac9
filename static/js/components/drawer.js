/**
 * Dialogs and drawers are native <dialog>s. data-opens="id" on a button opens one, data-closes
 * inside closes it; a click beside a drawer closes it too. One with data-fills opens by itself when
 * something is put into it, and is emptied when it closes; one with data-open-now stands open when
 * the page does, such as a form that came back with its mistake.
 */

document.querySelector('dialog[data-open-now]')?.showModal();

document.addEventListener('click', (event) => {
  const opener = event.target.closest?.('[data-opens]');
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest?.('[data-closes]')) event.target.closest('dialog')?.close();
  if (event.target instanceof HTMLDialogElement && isBeside(event)) event.target.close();
});

document.addEventListener('htmx:after:swap', () => {
  for (const dialog of document.querySelectorAll('dialog[data-fills]:not([open])')) {
    if (!dialog.firstElementChild?.childElementCount) continue;
    dialog.addEventListener('close', () => dialog.firstElementChild.replaceChildren(), { once: true });
    dialog.showModal();
  }
});

function isBeside(event) {
  const box = event.target.getBoundingClientRect();
  const isOutside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  return event.target.matches('.drawer, .palette, .chart-dialog') && isOutside;
}
