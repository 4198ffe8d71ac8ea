// The command `gogga`: a table of verbs, a file each.
import { type Command, reportError, runCommand } from './command.ts'

/** Loaded on use, so that `gogga keys list` does not wait for the HTTP server's modules. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).start,
  serve: async () => (await import('./serve.ts')).serveCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  split: async () => (await import('./split.ts')).splitCommand,
  merge: async () => (await import('./merge.ts')).mergeCommand,
  advise: async () => (await import('./advise.ts')).adviseCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  purge: async () => (await import('./purge.ts')).purgeCommand,
  'outbox list': async () => (await import('./outbox.ts')).listCommand,
  'outbox retry': async () => (await import('./outbox.ts')).retryCommand,
  'outbox drop': async () => (await import('./outbox.ts')).dropCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  'backup list': async () => (await import('./backup-list.ts')).listCommand,
  'backup verify': async () => (await import('./backup-verify.ts')).verifyCommand,
  'backup prune': async () => (await import('./backup-prune.ts')).pruneCommand,
  'backup promises': async () => (await import('./backup-promises.ts')).promisesCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  drill: async () => (await import('./drill.ts')).drillCommand,
  'litestream-config': async () => (await import('./litestream-config.ts')).litestreamConfigCommand,
  'keys create': async () => (await import('./keys.ts')).createCommand,
  'keys list': async () => (await import('./keys.ts')).listCommand,
  'keys revoke': async () => (await import('./keys.ts')).revokeCommand,
  purposes: async () => (await import('./purposes.ts')).purposesCommand,
  'access-log': async () => (await import('./access-log.ts')).accessLogCommand,
  'subject show': async () => (await import('./subject.ts')).showCommand,
  'subject export': async () => (await import('./subject-export.ts')).subjectExportCommand,
  'subject restrict': async () => (await import('./subject.ts')).restrictCommand,
  'subject lift': async () => (await import('./subject.ts')).liftCommand,
  'subject correct': async () => (await import('./subject.ts')).correctCommand,
  'subject erase': async () => (await import('./subject-erase.ts')).eraseCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  'audit verify': async () => (await import('./audit-verify.ts')).auditVerifyCommand,
  'audit heads': async () => (await import('./audit-heads.ts')).auditHeadsCommand,
  'audit public-key': async () => (await import('./audit-public-key.ts')).auditPublicKeyCommand,
  'audit mend': async () => (await import('./audit-mend.ts')).auditMendCommand,
  'audit detectors': async () => (await import('./audit-detectors.ts')).detectorsCommand,
  'data-map': async () => (await import('./data-map.ts')).dataMapCommand,
  breach: async () => (await import('./breach.ts')).breachCommand,
  evidence: async () => (await import('./evidence.ts')).evidenceCommand,
  'evidence verify': async () => (await import('./evidence.ts')).evidenceVerifyCommand,
}

export const VERBS = Object.keys(COMMANDS)

/** Gives the exit code: 0 done, 1 the answer is no, 2 wrong use. */
export async function main(argv: readonly string[]): Promise<0 | 1 | 2> {
  try {
    const [first = '', second = ''] = argv
    const pair = `${first} ${second}`
    if (COMMANDS[pair]) return await runCommand(await COMMANDS[pair](), argv.slice(2))
    if (COMMANDS[first]) return await runCommand(await COMMANDS[first](), argv.slice(1))
    return await overview(first, second)
  } catch (error) {
    return reportError(error)
  }
}

const EXAMPLES = ['split dev.db --into data', 'split --help']

async function overview(first: string, second: string): Promise<0 | 2> {
  const asked = ['', '--help', '-h', 'help'].includes(first)
  const group = VERBS.filter((verb) => verb.startsWith(`${first} `))
  const verbs = group.length > 0 ? group : VERBS
  const commands = await Promise.all(verbs.map((verb) => COMMANDS[verb]?.()))
  const width = Math.max(...verbs.map((verb) => verb.length))
  const lines = commands.map((command, index) => `  ${(verbs[index] ?? '').padEnd(width)}  ${command?.summary ?? ''}`)
  const isGroup = group.length > 0
  const examples = isGroup ? commands.flatMap((command) => command?.examples[0] ?? []) : EXAMPLES
  const usage = isGroup ? `${first} <command>` : '<command>'
  const help = `Usage: gogga ${usage} [arguments]\n\nCommands:\n${lines.join('\n')}\n\nExamples:\n${examples.map((example) => `  $ npx gogga ${example}\n`).join('')}`
  if (asked || (isGroup && ['--help', '-h'].includes(second))) {
    process.stdout.write(help)
    return 0
  }
  if (isGroup && second === '') {
    process.stderr.write(`gogga: ${first} needs to know what to do.\n\n${help}`)
    return 2
  }
  const wrong = group.length > 0 ? `${first} ${second}` : first
  process.stderr.write(
    `gogga: there is no command "${wrong}"; expected one of ${verbs.join(', ')}\n  See "gogga --help".\n`,
  )
  return 2
}
