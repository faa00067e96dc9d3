import type { Factors } from '#factors/factors.ts'
import type { Passkeys } from '#factors/passkeys.ts'
import type { SecondFactorMethod } from '#factors/second-factor.ts'
import type { User } from '#storage/users.ts'
import type { PageName, PageProps } from '#view/pages.ts'
import type { Interaction } from './interaction.ts'
import type { StepPages } from './pages.ts'
import { purposeOf, type Retry } from './second-factor.ts'

/** What the pages of the second factor show. */
export interface SecondFactorPagesParts {
  passkeys: Passkeys
  factors: Factors
}

type Props<P extends PageName> = Promise<Omit<PageProps[P], 'languageHrefs'>>

export interface SecondFactorPages {
  /** With the method that was asked for, or the person's strongest. */
  question(
    interaction: Interaction,
    asked: { user: User; methods: SecondFactorMethod[] },
    retry: Partial<Retry>,
  ): Props<'second-factor'>
  /** A new seed; the one of `retry.setup` again, because the app may have it already. */
  enrolment(interaction: Interaction, user: User, retry: Partial<Retry>): Props<'enrol-factor'>
}

export function createSecondFactorPages(
  pages: Pick<StepPages, 'frame' | 'describe'>,
  { passkeys, factors }: SecondFactorPagesParts,
): SecondFactorPages {
  return {
    async question(interaction, { user, methods }, retry) {
      const { at, form, client } = await pages.frame(interaction)
      const method = methods.find((one) => one === retry.method) ?? methods[0]!
      const others = methods.filter((one) => one !== method)
      const options =
        method === 'passkey' && (await passkeys.requestOptions(purposeOf(interaction), user.id))
      const isOfField = retry.problem !== undefined && method !== 'passkey'
      return {
        ...form,
        action: `${at}/second-factor`,
        client,
        account: pages.describe(user),
        switchHref: `${at}/login`,
        method,
        otherHrefs: Object.fromEntries(others.map((one) => [one, `${at}?method=${one}`])),
        passkey: options ? JSON.stringify(options) : undefined,
        errors: isOfField ? { code: retry.problem } : { form: retry.problem },
        canRemember: interaction.prompt.details['explicit'] !== true,
      }
    },
    async enrolment(interaction, user, retry) {
      const { at, form, client } = await pages.frame(interaction)
      const { qr, secret, setup } = await factors.beginTotp(user, retry.setup)
      return {
        ...form,
        action: `${at}/second-factor/enrol`,
        client,
        account: pages.describe(user),
        switchHref: `${at}/login`,
        qr,
        secret,
        setup,
        errors: { code: retry.problem },
      }
    },
  }
}
