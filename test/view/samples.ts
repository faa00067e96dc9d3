import { signedInSamples } from './signed-in-samples.ts'
import type { Common } from '#view/page-parts.ts'
import type { PageName, PageProps } from '#view/pages.ts'

const engineForm =
  '<form id="op.deviceInputForm" novalidate method="post" action="/device"><input type="hidden" name="xsrf" value="s3cret"/>' +
  '<input type="text" name="user_code" onfocus="this.select();" autofocus></input></form>'

/** Props for every page, in which each text is `text` and each address that others chose is `address`. */
export function samples(text: string, address: string): PageProps {
  const client = {
    name: text,
    host: text,
    verified: false,
    logoUri: address,
    policyUri: address,
    tosUri: address,
  }
  const common: Common = { languageHrefs: { en: text, 'zh-CN': text }, client }
  const form = { ...common, client, action: text, csrf: text, cancelAction: text }
  const engine = { ...common, client, formId: text, formHtml: engineForm }
  const account = { name: text, identifier: `${text}2` }
  const said = { text }
  const shell = {
    ...common,
    csrf: text,
    account,
    mayAdminister: true,
    scopes: new Set(['admin:users']),
    done: 'profile',
  }
  return {
    ...signedInSamples(text, shell),
    login: {
      ...form,
      values: { identifier: text },
      errors: { identifier: said, password: said, form: said },
      registerHref: text,
      providers: [{ id: 'acme', name: text, icon: 'provider-oidc' }],
      providersAction: text,
      forgotHref: text,
      mailHref: text,
      passkey: { action: text, options: JSON.stringify({ challenge: text }) },
    },
    register: {
      ...form,
      values: { email: text, username: text, nickname: text },
      errors: { email: said, password: said, username: said, nickname: said, form: said },
      loginHref: text,
      providers: [{ id: 'acme', name: text, icon: 'provider-oidc' }],
      providersAction: text,
    },
    'forgot-password': {
      ...form,
      values: { email: text },
      errors: { email: said, form: said },
      state: 'ask',
      againHref: text,
    },
    'reset-password': {
      ...form,
      token: text,
      errors: { password: said, form: said },
      state: 'ask',
      forgotHref: text,
      homeHref: text,
    },
    'verify-email': {
      ...form,
      token: text,
      values: { email: text },
      errors: { email: said, code: said, form: said },
      state: 'confirm',
      homeHref: text,
    },
    'confirm-email': {
      ...form,
      email: text,
      errors: { code: said, form: said },
      loginHref: text,
    },
    'link-account': {
      ...form,
      ticket: text,
      provider: text,
      mark: 'provider-oidc',
      email: text,
      mayRegister: true,
      errors: { password: said, form: said },
      loginHref: text,
      forgotHref: text,
    },
    consent: {
      ...form,
      account,
      switchHref: text,
      groups: [
        { items: [{ text, sensitive: false }] },
        { resource: text, items: [{ text, sensitive: true }] },
        { resource: 'empty', items: [] },
      ],
      offline: true,
      newOnly: false,
    },
    'select-account': { ...form, account, otherHref: text },
    'second-factor': {
      ...form,
      account,
      switchHref: text,
      method: 'totp',
      otherHrefs: { passkey: text, recovery: text },
      errors: { code: said, form: said },
      canRemember: true,
    },
    'enrol-factor': {
      ...form,
      account,
      switchHref: text,
      qr: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>',
      secret: text,
      setup: text,
      errors: { code: said, form: said },
    },
    'mail-sign-in': {
      ...form,
      state: 'ask',
      mode: 'both',
      values: { email: text },
      errors: { email: said, code: said, form: said },
      token: text,
      againHref: text,
      loginHref: text,
    },
    'recovery-codes': { ...common, codes: [text], continueHref: text },
    logout: { ...engine, account },
    'logout-done': { ...common, homeHref: text },
    'device-code': { ...engine, error: said, userCode: text },
    'device-confirm': { ...engine, userCode: text, address: text, agent: text },
    'device-done': { ...common, client },
    'account-erased': { ...common, until: '2026-12-04T05:00:00.000Z' },
    'dev-mail': {
      ...common,
      mails: [{ subject: text, locale: 'en', htmlHref: text, textHref: text }],
    },
    error: { ...common, heading: said, message: said, code: text, traceId: text, backHref: text },
    home: { ...common, issuer: text, demoHref: text, discoveryHref: text, version: text },
    demo: { ...common, signInHref: text },
    'demo-session': {
      ...common,
      user: { name: text, sub: text, picture: address },
      sections: [
        {
          title: text,
          note: text,
          raw: `${text}.${text}`,
          decoded: JSON.stringify({ [text]: text }),
        },
      ],
      refreshAction: text,
      logoutHref: text,
      csrf: text,
    },
  }
}

/** The other faces of pages that have several; `samples` has one of each. */
export function otherFaces(text: string, address: string): { [P in PageName]?: PageProps[P][] } {
  const all = samples(text, address)
  const forgot = all['forgot-password']
  const reset = all['reset-password']
  const verify = all['verify-email']
  const mail = all['mail-sign-in']
  const second = all['second-factor']
  return {
    'mail-sign-in': [
      { ...mail, state: 'sent' },
      { ...mail, state: 'sent', mode: 'link' },
      { ...mail, state: 'confirm', mode: 'code' },
    ],
    'second-factor': [
      { ...second, method: 'recovery', canRemember: false },
      { ...second, method: 'passkey', passkey: JSON.stringify({ challenge: text }) },
    ],
    'forgot-password': [{ ...forgot, state: 'sent' }],
    'reset-password': [
      { ...reset, state: 'done' },
      { ...reset, state: 'invalid' },
    ],
    'confirm-email': [{ ...all['confirm-email'], sentAgain: true }],
    'verify-email': (['done', 'invalid', 'code', 'sent'] as const).map((state) => ({
      ...verify,
      state,
    })),
  }
}
