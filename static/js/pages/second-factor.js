/** form[data-webauthn]: asks the browser for a security key before it is sent. */

const options = document.getElementById('webauthn-options');
const supported = Boolean(window.PublicKeyCredential?.parseCreationOptionsFromJSON);

/** @param {string} how `create` a new key, or `get` an answer from one that is known */
async function asked(how) {
  const data = JSON.parse(options.textContent);
  if (how === 'create') {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(data.creation_options.publicKey);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(data.request_options.publicKey);
  return navigator.credentials.get({ publicKey });
}

/** @param {HTMLFormElement} form @param {string} text */
function say(form, text) {
  const problem = form.querySelector('[data-problem]');
  problem.textContent = text;
  problem.hidden = !text;
}

document.querySelectorAll('form[data-webauthn]').forEach((form) => {
  if (supported) form.querySelector('button').disabled = false;
  else say(form, 'This browser cannot speak to security keys.');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    say(form, '');
    try {
      const credential = await asked(form.dataset.webauthn);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      say(form, error.name === 'NotAllowedError'
        ? 'No key answered. Try again, and touch it when it blinks.'
        : `That did not work: ${error.message}`);
    }
  });
});
