// Adds a button to what is meant to be copied. Without this script, or where the browser may not copy, nothing is missed.
if (navigator.clipboard) {
  for (const figure of document.querySelectorAll('figure[data-copy]')) {
    const { copy, copied } = figure.dataset
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'secondary'
    button.textContent = copy
    button.setAttribute('aria-live', 'polite')
    const say = (words) => (button.textContent = words)
    button.addEventListener('click', () => {
      const { textContent } = figure.querySelector('code')
      void navigator.clipboard.writeText(textContent).then(() => {
        say(copied)
        return setTimeout(say, 2000, copy)
      })
    })
    figure.append(button)
  }
}
