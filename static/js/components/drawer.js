/**
 * Dialogs and drawers are native <dialog>s. data-opens="id" on a button opens one, data-closes
 * inside closes it; a click beside a drawer closes it too.
 */

document.addEventListener('click', (event) => {
  const opener = event.target.closest?.('[data-opens]');
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest?.('[data-closes]')) event.target.closest('dialog')?.close();
  if (event.target instanceof HTMLDialogElement && isBeside(event)) event.target.close();
});

function isBeside(event) {
  const box = event.target.getBoundingClientRect();
  const isOutside = event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
  return event.target.matches('.drawer, .palette, .chart-dialog') && isOutside;
}
