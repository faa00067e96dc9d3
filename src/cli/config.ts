import { Command } from 'commander'
import { describeConfig } from '#config/describe.ts'
import { loadDeclared } from '#config/declared.ts'
import { loadConfig } from '#config/load.ts'
import { trustedIssuersOf } from '#config/trusted-issuers.ts'

/** `config validate` says whether the server would start with this environment; `config print` shows what is in force. */
export function configCommand(): Command {
  const command = new Command('config').description('look at the configuration')
  command
    .command('validate')
    .description('check every setting; exit 78 with one sentence for each bad value')
    .action(() => {
      const config = loadConfig()
      trustedIssuersOf(config, loadDeclared(config).trustedIssuers)
      console.log('The configuration is valid.')
    })
  command
    .command('print')
    .description('print every setting as it is in force, secrets masked')
    .action(() => console.log(describeConfig(loadConfig())))
  return command
}
