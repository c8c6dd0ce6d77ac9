/** The design page: buttons that show toasts. */

import { toast } from 'portal/lib/dom.js';

document.addEventListener('click', (event) => {
  const button = event.target.closest('[data-toast]');
  if (button) toast(button.dataset.toast, button.dataset.kind);
});
