import { Command } from 'commander'
import { firstPartyTokensOf } from '#compose/first-party-tokens.ts'
import { findUser } from './find-user.ts'
import { record } from './record.ts'
import { withEngine } from './with-engine.ts'
import { withServices, type CommandParts } from './with-services.ts'

interface Options {
  user: string
  resource?: string
  client?: string
}

/** `token issue`: tokens of a person for a script, as if they had signed in at `/auth/login`. They can end it like any other sign-in. */
export function tokenCommand(): Command {
  return new Command('token').description('issue tokens for scripts').addCommand(
    new Command('issue')
      .description('print an access token and a refresh token of a user, as JSON')
      .requiredOption('--user <identifier>', 'e-mail, username or id')
      .option('--resource <uri>', 'the API the token is for (default: the built-in one)')
      .option('--client <client_id>', 'a public first-party client (default: the built-in one)')
      .action((options: Options) => withServices((parts) => issueTokens(parts, options))),
  )
}

async function issueTokens(parts: CommandParts, options: Options): Promise<void> {
  const { storage } = parts
  const user = await findUser(storage, options.user)
  if (user.bannedAt !== undefined) throw new Error('They are banned.')
  const answer = await withEngine(parts, (engine) =>
    firstPartyTokensOf(parts, () => engine).issue({
      amr: [],
      accountId: user.id,
      epoch: user.signInEpoch,
      clientId: options.client,
      resource: options.resource,
      address: '',
      agent: 'yumen token issue',
    }),
  )
  await record(storage, { type: 'token.issued', target: `user:${user.id}` })
  console.log(JSON.stringify(answer, null, 2))
}
