import { Command } from 'commander'
import { loadDeclared } from '#config/declared.ts'
import { describeConfig } from '#config/describe.ts'
import { loadConfig } from '#config/load.ts'
import { trustedIssuersOf } from '#config/trusted-issuers.ts'
import { wechatAppsOf } from '#config/wechat-apps.ts'

/** `config validate` says whether the server would start with this environment; `config print` shows what is in force. */
export function configCommand(): Command {
  const command = new Command('config').description('check and print the configuration')
  command
    .command('validate')
    .description(
      'check the settings and the configuration file; exit 78 with one sentence for each problem',
    )
    .action(validate)
  command
    .command('print')
    .description('print the settings in effect, secrets masked')
    .action(() => console.log(describeConfig(loadConfig())))
  return command
}

async function validate(): Promise<void> {
  const config = loadConfig()
  const declared = loadDeclared(config)
  trustedIssuersOf(config, declared.trustedIssuers)
  wechatAppsOf(config, declared.wechatApps)
  const [{ withScratchEngine }, { checkDeclared }, { validateClient }] = await Promise.all([
    import('./with-engine.ts'),
    import('#operations/declare.ts'),
    import('#oidc/clients.ts'),
  ])
  await withScratchEngine(config, ({ provider }) =>
    checkDeclared(declared, config, (client) => validateClient(provider, client)),
  )
  console.log('The configuration is valid.')
}
