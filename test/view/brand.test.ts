import test from 'ava'
import { createView } from '#view/render.ts'
import { samples } from './samples.ts'

const { login } = samples('Acme', 'https://acme.example/a')

test('a brand has its own name, accent and logo', (t) => {
  const acme = createView({
    brand: { name: 'Acme ID', accent: '#7a1fa2', logoUrl: 'https://acme.example/logo.svg' },
    basePath: '',
    development: false,
  })
  const html = acme.render('login', login, 'zh-CN')
  t.true(html.includes('Acme ID'))
  t.true(html.includes('src="https://acme.example/logo.svg"'))
  t.true(acme.stylesheet.body.includes('--accent:#7a1fa2'))
  t.true(acme.asset('favicon.svg')?.body.includes('#7a1fa2'))
  const plain = createView({ brand: { name: 'Yumen' }, basePath: '', development: false })
  t.not(acme.stylesheet.href, plain.stylesheet.href)
})

test('a logo is an address of the web or a path of ours, never another host in disguise', (t) => {
  const shown = (logoUrl: string): string => {
    const brand = { name: 'Acme ID', logoUrl }
    return createView({ brand, basePath: '', development: false }).render('login', login, 'en')
  }
  t.true(shown('/assets/logo.svg').includes('src="/assets/logo.svg"'))
  for (const odd of [
    '//evil.example/logo.svg',
    'javascript:alert(1)',
    'data:image/svg+xml,x',
    'logo.svg',
  ])
    t.false(shown(odd).includes(odd), odd)
})
