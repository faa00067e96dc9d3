import test from 'ava'
import { createBrowser, relyingParty } from '../support/relying-party.ts'
import { start } from '../support/start.ts'

const chinese = /[\u4E00-\u9FFF]/

test('ui_locales=zh-CN gives Chinese pages, also after a wrong password', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const pending = await party.begin({ ui_locales: 'fr zh-CN en' })
  const login = await createBrowser(fixture.issuer).open(pending.url.href)
  t.is(login.root.querySelector('html')?.getAttribute('lang'), 'zh-CN')
  t.regex(login.root.querySelector('h1')!.textContent, chinese)
  const again = await login.submit('/login', { identifier: 'x@example.com', password: 'wrong' })
  t.is(again.status, 422)
  t.is(again.root.querySelector('html')?.getAttribute('lang'), 'zh-CN')
})

test('Accept-Language decides when no one else does; an unknown language is English', async (t) => {
  const fixture = await start(t)
  const party = await relyingParty(fixture, await fixture.addClient())
  const { url } = await party.begin()
  const langOf = async (acceptLanguage: string) => {
    const browser = createBrowser(fixture.issuer, { 'accept-language': acceptLanguage })
    return (await browser.open(url.href)).root.querySelector('html')?.getAttribute('lang')
  }
  t.is(await langOf('zh-CN,zh;q=0.9'), 'zh-CN')
  t.is(await langOf('zh'), 'zh-CN')
  t.is(await langOf('xx'), 'en')
  t.is(await langOf('en-GB,zh;q=0.5'), 'en')
})

test('the language switch of a page is kept for the pages that follow, over ui_locales', async (t) => {
  const fixture = await start(t)
  const person = await fixture.addUser()
  const party = await relyingParty(fixture, await fixture.addClient())
  const browser = createBrowser(fixture.issuer)
  const login = await browser.open((await party.begin({ ui_locales: 'en' })).url.href)
  const link = login.root.querySelector('.languages a[hreflang="zh-CN"]')!.getAttribute('href')!
  const switched = await browser.open(link)
  t.is(switched.root.querySelector('html')?.getAttribute('lang'), 'zh-CN')
  const consent = await switched.submit('/login', {
    identifier: person.email,
    password: person.password,
  })
  t.is(consent.root.querySelector('html')?.getAttribute('lang'), 'zh-CN')
  t.regex(consent.text, chinese)

  const later = await browser.open((await party.begin({ prompt: 'login' })).url.href)
  t.is(later.root.querySelector('html')?.getAttribute('lang'), 'zh-CN')
  const back = await browser.open(`${later.url.href}?lang=en`)
  t.is(back.root.querySelector('html')?.getAttribute('lang'), 'en')
})

test('an unknown ?lang= changes nothing and sets no cookie', async (t) => {
  const fixture = await start(t)
  const response = await fetch(`${fixture.issuer}/?lang=../../etc`, {
    headers: { accept: 'text/html' },
  })
  t.is(response.status, 200)
  t.is(response.headers.get('set-cookie'), null)
  t.regex(await response.text(), /<html lang="en">/)
})
