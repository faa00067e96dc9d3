import type { Mutant } from '../mutant.ts'

export const view: Mutant[] = [
  {
    id: 'logo-of-another-host',
    file: 'src/view/render.ts',
    before: '/^\\/(?!\\/)/',
    after: '/^\\//',
    reason: 'A logo of //evil.example would be taken for a path of ours.',
    tests: ['test/view/brand.test.ts'],
  },
  {
    id: 'quotes-not-escaped',
    file: 'src/view/translate.ts',
    before: `/[&<>"']/g`,
    after: '/[&<>]/g',
    reason: 'What a person has written could leave an attribute.',
    tests: ['test/view/translate.test.ts'],
  },
  {
    id: 'script-addresses',
    file: 'src/view/render.ts',
    before: `return protocol === 'https:' || protocol === 'http:' ? href : undefined`,
    after: `return protocol !== 'data:' ? href : undefined`,
    reason: "A client's javascript: address would stand on our pages.",
    tests: ['test/view/render.test.ts'],
  },
  {
    id: 'token-not-escaped',
    file: 'src/view/code.ts',
    before: '`<span class="part-${i % 3}">${escape(part)}</span>`',
    after: '`<span class="part-${i % 3}">${part}</span>`',
    reason: 'A token could bring markup into a page.',
    tests: ['test/view/render.test.ts'],
  },
  {
    id: 'link-of-any-scheme',
    file: 'src/view/mail.ts',
    before: `    throw new Error(\`\${protocol} is no address for a mail\`)
`,
    after: '    return href\n',
    reason: 'A mail could carry a javascript: link.',
    tests: ['test/view/mail.test.ts'],
  },
]
