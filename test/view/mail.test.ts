import test from 'ava'
import { parse } from 'node-html-parser'
import { mailSamples } from '#demo/mail-samples.ts'
import { createMailView, type MailName, type MailValues } from '#view/mail.ts'
import { locales } from '#view/translate.ts'

const issuer = 'https://id.example.com'
const link = `${issuer}/reset-password?token=a&b=c`
const render = createMailView('Yumen', issuer)
const samples: MailValues = {
  ...mailSamples(issuer),
  welcome: { email: 'ada@example.com' },
  resetPassword: { link },
  verifyEmail: { link, code: '482913' },
  registeredAgain: { link },
  passwordChanged: { link },
  signInCode: { code: '482 913' },
  signInLink: { link },
  signInBoth: { code: '482 913', link },
  factorAdded: { factor: 'passkey', link },
  factorRemoved: { factor: 'passkey', link },
}
const names = Object.keys(samples) as MailName[]

for (const name of names) {
  for (const locale of locales) {
    test(`the mail ${name} in ${locale} says the same as text and as HTML`, (t) => {
      const { subject, text, html } = render(name, samples[name], locale)
      t.regex(html, new RegExp(`^<!doctype html>\\s*<html lang="${locale}"`))
      const body = parse(html).querySelector('body')!.structuredText
      for (const line of text.split('\n').filter(Boolean))
        t.true(body.includes(line.replaceAll('&', '&amp;')) || body.includes(line), line)
      t.true(text.endsWith(`${locale === 'en' ? 'Yumen' : '玉门'} · ${issuer}\n`))
      t.notRegex(subject + text + html, /undefined|\[object|\{\w+\}/)
      t.notRegex(subject + text, /[<>]/)
      t.notRegex(html, /<(?:script|style|img|link)\b/i)
    })
  }
}

test('a link is one button, and its address stands below it and in the text', (t) => {
  const given = Object.fromEntries(
    names.flatMap((name) => ('link' in samples[name] ? [[name, { ...samples[name], link }]] : [])),
  ) as Partial<MailValues>
  for (const name of Object.keys(given) as MailName[]) {
    const { text, html } = render(name, given[name]!, 'en')
    const anchors = parse(html).querySelectorAll('a')
    t.deepEqual(
      anchors.map((anchor) => anchor.getAttribute('href')),
      [link],
    )
    t.is(html.split('token=a&amp;b=c').length - 1, 2)
    t.true(text.split('\n').includes(link))
  }
})

test('values and the name of the brand are escaped', (t) => {
  const hostile = '"><script>alert(1)</script>'
  const view = createMailView(hostile, issuer)
  for (const { html } of [
    view('welcome', { email: hostile }, 'en'),
    view('resetPassword', { link: `${issuer}/${hostile}` }, 'en'),
  ]) {
    t.false(html.includes('<script'))
    t.true(html.includes('&lt;script&gt;'))
  }
})

test('a link that is not http(s) is refused', (t) => {
  for (const link of ['javascript:alert(1)', 'data:text/html,x', '/reset-password', '']) {
    t.throws(() => render('resetPassword', { link }, 'en'), {
      message: /is no address for a mail|Invalid URL/,
    })
  }
})

test('the button has the colour of the brand, with text that can be read on it', (t) => {
  const { html } = createMailView('Acme', issuer, '#ffcc00')('resetPassword', { link }, 'en')
  t.regex(html, /<a [^>]*color:#000000;background:#ffcc00/)
})

test('a code stands grouped in the subject and the mail, and not in what lists show', (t) => {
  for (const locale of locales) {
    const { subject, listedAs, text, html } = render('verifyEmail', samples.verifyEmail, locale)
    t.regex(subject, / 482 913$/)
    t.true(text.split('\n').includes('482 913'))
    t.regex(html, /<p [^>]*monospace[^>]*>482 913<\/p>/)
    t.notRegex(listedAs ?? subject, /\d/)
  }
  t.is(render('welcome', samples.welcome, 'en').listedAs, undefined)
})

test('a new device is named, with its time and address, and a made-up one says nothing of its own', (t) => {
  const { text, html } = render('newDevice', samples.newDevice, 'en')
  t.regex(text, /^Device: Chrome on Windows$/m)
  t.regex(text, /^Time: .*2026.* UTC$/m)
  t.regex(text, /^Address: 2001:db8:85a3::8a2e:370:7334$/m)
  t.true(html.includes('Chrome on Windows'))
  for (const agent of ['Call +1 555 0100/1 x', 'evil.example/1.0', '<b>x</b>', '']) {
    const mail = render('newDevice', { ...samples.newDevice, agent }, 'zh-CN')
    t.regex(mail.text, /^设备：未知设备$/m)
  }
})
