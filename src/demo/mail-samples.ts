import type { MailValues } from '#view/mail.ts'

/** Values for every mail, as a person might meet them. */
export const mailSamples = (issuer: string): MailValues => {
  const link = `${issuer}/forgot-password`
  const token = 'Zm9yLXByZXZpZXctb25seS1ub3QtYS1yZWFsLXRva2Vu'
  const about = 'a.rather.long.name.for.a.person@mail.example.com'
  const code = '482913'
  const at = Date.UTC(2026, 10, 20, 5, 30)
  const agent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'
  return {
    welcome: { email: about },
    resetPassword: { link: `${issuer}/reset-password?token=${token}` },
    verifyEmail: { link: `${issuer}/verify-email?token=${token}`, code },
    registeredAgain: { link },
    passwordChanged: { link },
    takenOver: { about: 'API keys: 1; linked accounts: google', link },
    changeEmail: { code },
    signInCode: { code },
    signInLink: { link },
    signInBoth: { code, link },
    factorAdded: { factor: 'TOTP', link },
    factorRemoved: { factor: 'TOTP', link },
    emailTaken: { link },
    emailChanging: { about, link },
    emailChanged: { about },
    newDevice: { agent, address: '2001:db8:85a3::8a2e:370:7334', at, link },
    erasing: { at, link: `${issuer}/account` },
  }
}
