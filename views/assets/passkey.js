// Passkeys for forms that carry their question in `data-passkey`: the options of navigator.credentials.get or, when they
// name a user, of create. The answer goes into the field `response` and the form is sent. A form that is hidden until
// somebody can use it is shown; with `data-conditional` the browser also offers the passkey beside the name.
;(() => {
  if (!window.PublicKeyCredential) return

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) =>
      one.charCodeAt(0),
    )
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
  const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }))

  const read = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
  })

  const written = (credential) => {
    const response = {}
    for (const name of [
      'clientDataJSON',
      'attestationObject',
      'authenticatorData',
      'signature',
      'userHandle',
    ])
      if (credential.response[name]) response[name] = text(credential.response[name])
    if (credential.response.getTransports) response.transports = credential.response.getTransports()
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    })
  }

  let waiting
  const ask = async (form, more = {}) => {
    waiting?.abort()
    waiting = new AbortController()
    const options = JSON.parse(form.dataset.passkey)
    const question = { publicKey: read(options), signal: waiting.signal, ...more }
    try {
      const credential = await (options.user
        ? navigator.credentials.create(question)
        : navigator.credentials.get(question))
      form.elements.namedItem('response').value = written(credential)
      form.submit()
    } catch {
      // Cancelled, or no passkey here: the page stays, with its other ways.
    }
  }

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void ask(form)
    })
    if ('conditional' in form.dataset)
      void PublicKeyCredential.isConditionalMediationAvailable?.().then(
        (can) => can && ask(form, { mediation: 'conditional' }),
      )
  }
})()
